/// The request methods that the gateway tells apart (RFC 9110 section 9, RFC 5789).
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, options, patch, trace, connect
    /// Any other token: forwarded where the route does not list its methods.
    case other

    /// Recognises a method; the comparison is case-sensitive, as RFC 9110 section 9.1 has it.
    package init(_ bytes: UnsafeRawBufferPointer) {
        self = .other
        switch bytes.count {
        case 3:
            if bytes.equals("GET") { self = .get } else if bytes.equals("PUT") { self = .put }
        case 4:
            if bytes.equals("POST") { self = .post } else if bytes.equals("HEAD") { self = .head }
        case 5:
            if bytes.equals("PATCH") { self = .patch } else if bytes.equals("TRACE") { self = .trace }
        case 6:
            if bytes.equals("DELETE") { self = .delete }
        case 7:
            if bytes.equals("OPTIONS") { self = .options } else if bytes.equals("CONNECT") { self = .connect }
        default:
            break
        }
    }

    /// The method as it stands on the wire; empty for ``other``.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .other: ""
        }
    }

    /// Whether repeating the request has the same effect as sending it once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}
