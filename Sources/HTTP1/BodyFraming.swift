/// How the end of a message body is found (RFC 9112 section 6.3).
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// A body of this many bytes.
    case length(Int)
    /// The chunked transfer coding.
    case chunked
    /// A response body that ends with its connection.
    case untilClose

    /// Whether any body byte can follow the head.
    package var mayHaveBytes: Bool {
        self != .none && self != .length(0)
    }
}
