/// What is spoken on a connection once it is open.
enum ApplicationProtocol: String {
    case http1 = "http/1.1"
    case http2 = "h2"

    /// Reads what ALPN (RFC 7301) came to; a client that names nothing speaks HTTP/1.1.
    init?(negotiated name: String?) {
        guard let name else {
            self = .http1
            return
        }
        self.init(rawValue: name)
    }
}
