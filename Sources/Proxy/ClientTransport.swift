/// What a client's requests arrive over: a connection of its own, or one of the streams of an HTTP/2 connection.
struct ClientTransport {
    /// Who is at the other end, where that is known before the channel is; a stream's peer is its connection's.
    var peer: ClientPeer?
    /// The place of the listener that took it.
    var listener = 0
    /// Its place among the connections, where it has one already.
    var place: ConnectionPlace?
    /// Whether this is a stream: counted with its connection, and read again only when asked to.
    var isStream = false
    /// Whether the first bytes may be the preface of HTTP/2 (RFC 9113 section 3.3, prior knowledge).
    ///
    /// Turned off by the first request: what comes after one is never another protocol.
    var acceptsPreface = false

    /// A stream of an HTTP/2 connection.
    static func stream(of peer: ClientPeer) -> ClientTransport {
        ClientTransport(peer: peer, isStream: true)
    }
}
