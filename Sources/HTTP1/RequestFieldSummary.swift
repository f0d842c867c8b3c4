/// What the fields of a request say together: host, framing, persistence (RFC 9112 sections 3.2, 6.3 and 9.3).
struct RequestFieldSummary {
    private var hostCount = 0
    private var host = ByteRange()
    private var contentLength: Int?
    private var transferEncodingCount = 0
    private var hasConnection = false
    private var hasUpgrade = false
    private var hasTE = false
    private var maxForwardsCount = 0
    private var expectsContinue = false
    private var authorizationCount = 0
    private var apiKeyCount = 0

    mutating func note(_ field: HeaderField, in bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        switch field.name {
        case .host:
            hostCount &+= 1
            host = ByteRange(offset: Int(field.valueOffset), count: Int(field.valueLength))
            guard hostCount == 1, Authority.isValid(field.value(in: bytes)) else { throw .invalidHost }
        case .contentLength:
            // A second one is refused even when it says the same: two readers need not pick the same line.
            guard contentLength == nil, let length = ContentLength.parse(field.value(in: bytes)) else {
                throw .invalidContentLength
            }
            contentLength = length
        case .transferEncoding:
            transferEncodingCount &+= 1
            guard transferEncodingCount == 1, field.value(in: bytes).equalsIgnoringCase("chunked") else {
                throw .invalidTransferEncoding
            }
        case .expect:
            guard field.value(in: bytes).equalsIgnoringCase("100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case .connection: hasConnection = true
        case .upgrade: hasUpgrade = true
        case .te: hasTE = true
        case .maxForwards: maxForwardsCount &+= 1
        case .authorization: authorizationCount &+= 1
        case .apiKey: apiKeyCount &+= 1
        default: break
        }
    }

    func conclude(_ head: inout RequestHead, _ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        guard hostCount == 1 || head.minorVersion == 0 else { throw .invalidHost }
        if head.authority.count == 0 { head.authority = host }
        if transferEncodingCount > 0 {
            guard contentLength == nil else { throw .ambiguousFraming }
            guard head.minorVersion == 1 else { throw .invalidTransferEncoding }
            head.framing = .chunked
        } else if let contentLength {
            head.framing = .length(contentLength)
        }
        head.authorizationCount = authorizationCount
        head.apiKeyCount = apiKeyCount
        // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is ignored, and so it is without a body.
        head.expectsContinue = expectsContinue && head.minorVersion == 1 && head.framing.mayHaveBytes
        var options = ConnectionOptions()
        if hasConnection {
            for index in head.fields.indices where head.fields[index].name == .connection {
                try options.apply(head.fields[index].value(in: bytes), to: &head.fields, of: bytes)
            }
        }
        head.keepsAlive = !options.close && (head.minorVersion == 1 || options.keepAlive)
        head.nominatesFields = options.nominatesFields
        if hasUpgrade, options.upgrade, head.minorVersion == 1 {
            head.asksForUpgrade = true
            head.asksForWebSocket = WebSocketHandshake.isRequested(by: head, bytes)
        }
        if hasTE, head.minorVersion == 1 { head.acceptsTrailers = Self.acceptsTrailers(head, bytes) }
        if maxForwardsCount > 0, head.method == .options { try takeMaxForwards(&head, bytes) }
    }

    private static func acceptsTrailers(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        for field in head.fields where field.name == .te && !field.traits.contains(.lookAlike) {
            let value = field.value(in: bytes)
            var start = 0
            while start <= value.count {
                let end = value.firstIndex(of: UInt8(ascii: ","), from: start) ?? value.count
                if value.slice(start, end &- start).trimmingWhitespace.equalsIgnoringCase("trailers") { return true }
                start = end &+ 1
            }
        }
        return false
    }

    /// Takes the number out of its line, which is written anew for the next hop.
    private func takeMaxForwards(_ head: inout RequestHead, _ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        guard maxForwardsCount == 1 else { throw .malformedField }
        for index in head.fields.indices where head.fields[index].name == .maxForwards {
            guard !head.fields[index].traits.contains(.lookAlike) else { continue }
            guard let number = ContentLength.parse(head.fields[index].value(in: bytes)) else { throw .malformedField }
            head.maxForwards = UInt32(clamping: number)
            head.fields[index].traits.insert(.hopByHop)
        }
    }
}
