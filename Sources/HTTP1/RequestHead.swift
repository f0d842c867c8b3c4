/// A parsed request head: offsets into the bytes it was parsed from, and what they mean together.
public struct RequestHead: Sendable {
    /// The method.
    package var method = HTTPMethod.other
    /// The method's bytes.
    package var methodRange = ByteRange()
    /// The whole request-target.
    package var target = ByteRange()
    /// The path of the target; empty for asterisk-form.
    package var path = ByteRange()
    /// The query with its `?`, or empty.
    package var query = ByteRange()
    /// Whether the path can be routed as it stands; otherwise it must pass ``PathNormalizer`` first.
    package var pathIsPlain = true
    /// Whether the target is `*` (only with `OPTIONS`).
    package var isAsteriskForm = false
    /// The authority: that of an absolute-form target if there is one (RFC 9112 section 3.2.2), else of `Host`.
    package var authority = ByteRange()
    /// The minor version: 0 or 1.
    package var minorVersion: UInt8 = 1
    /// How the body ends.
    package var framing = BodyFraming.none
    /// Whether the connection may serve another request after this one.
    package var keepsAlive = true
    /// Whether the client waits for `100 Continue` before it sends the body.
    package var expectsContinue = false
    /// Whether `Connection: upgrade` and an `Upgrade` field ask to leave HTTP.
    package var asksForUpgrade = false
    /// Whether it asks for a WebSocket, as RFC 6455 section 4.1 has it.
    package var asksForWebSocket = false
    /// Whether `TE` says that the client takes trailers (RFC 9110 section 10.1.4).
    package var acceptsTrailers = false
    /// Whether `Connection` names fields of this message, which may also be among its trailers.
    package var nominatesFields = false
    /// The `Max-Forwards` of an `OPTIONS` (RFC 9110 section 7.6.2); the field itself is marked to be left out.
    package var maxForwards: UInt32?
    /// How many `Authorization` fields there are.
    package var authorizationCount = 0
    /// How many `X-API-Key` fields there are.
    package var apiKeyCount = 0
    /// The field lines in order.
    package var fields: [HeaderField] = []
    /// The length of the head in bytes, its empty line included.
    package var byteCount = 0

    /// Makes an empty head.
    package init() {}

    /// The value of the first field of a name, look-alikes excluded.
    package func value(of name: FieldName, in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        for field in fields where field.name == name && !field.traits.contains(.lookAlike) {
            return field.value(in: head)
        }
        return nil
    }

    /// Forgets everything but keeps the storage of a usual head.
    mutating func reset() {
        // Taken out first: emptying storage that is still shared would allocate anew.
        var storage = fields
        fields = []
        // One large head must not cost its connection that much for ever.
        storage.removeAll(keepingCapacity: storage.capacity <= 48)
        self = RequestHead()
        fields = storage
    }
}
