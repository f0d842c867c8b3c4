/// A parsed response head: offsets into the bytes it was parsed from, and what they mean together.
package struct ResponseHead: Sendable {
    /// The status code, 100 to 599.
    package var status = 0
    /// The reason phrase; may be empty.
    package var reason = ByteRange()
    /// The minor version: 0 or 1.
    package var minorVersion: UInt8 = 1
    /// How the body ends, were the request neither `HEAD` nor `CONNECT`; see ``framing(for:)``.
    package var declaredFraming = BodyFraming.untilClose
    /// Whether the connection may carry another exchange after this one.
    package var keepsAlive = true
    /// Whether this is a `101` that goes over to a WebSocket and to nothing else.
    package var switchesToWebSocket = false
    /// Whether `Connection` names fields of this message, which may also be among its trailers.
    package var nominatesFields = false
    /// Whether the upstream set a `Date`.
    package var hasDate = false
    /// The field lines in order.
    package var fields: [HeaderField] = []
    /// The length of the head in bytes, its empty line included.
    package var byteCount = 0

    /// Makes an empty head.
    package init() {}

    /// How the body of this response to a request ends (RFC 9112 section 6.3).
    package func framing(for method: HTTPMethod) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        return declaredFraming
    }

    mutating func reset() {
        // Taken out first: emptying storage that is still shared would allocate anew.
        var storage = fields
        fields = []
        // One large head must not cost its connection that much for ever.
        storage.removeAll(keepingCapacity: storage.capacity <= 48)
        self = ResponseHead()
        fields = storage
    }
}
