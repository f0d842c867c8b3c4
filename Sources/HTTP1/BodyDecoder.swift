/// Finds the body of one message in the bytes after its head, whatever its framing.
package struct BodyDecoder: Sendable {
    private enum Kind: Sendable {
        case ended
        case length(Int)
        case chunked(ChunkedDecoder)
        case untilClose
    }

    private var kind: Kind

    /// Makes a decoder for a framing.
    package init(_ framing: BodyFraming) {
        switch framing {
        case .none, .length(0): kind = .ended
        case .length(let count): kind = .length(count)
        case .chunked: kind = .chunked(ChunkedDecoder())
        case .untilClose: kind = .untilClose
        }
    }

    /// Whether the last byte of the body has been seen.
    package var hasEnded: Bool {
        if case .ended = kind { true } else { false }
    }

    /// Whether the end of the connection is a proper end of the body (RFC 9112 section 8).
    package var endsWithConnection: Bool {
        switch kind {
        case .ended, .untilClose: true
        case .length, .chunked: false
        }
    }

    /// Looks at bytes from the front until there is body data, the end, or nothing left.
    ///
    /// After ``ChunkedDecoder/Event/data(skipping:count:)`` ask ``hasEnded`` before feeding more.
    /// - Throws: the rule of the chunked coding that the bytes break.
    package mutating func next(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) -> ChunkedDecoder.Event {
        switch kind {
        case .ended:
            return .end(consumed: 0)
        case .untilClose:
            return bytes.isEmpty ? .needMore : .data(skipping: 0, count: bytes.count)
        case .length(let remaining):
            let count = min(remaining, bytes.count)
            if count == 0 { return .needMore }
            kind = count == remaining ? .ended : .length(remaining &- count)
            return .data(skipping: 0, count: count)
        case .chunked(var decoder):
            // Kept after an error too: a body once refused stays refused.
            defer { kind = decoder.hasEnded ? .ended : .chunked(decoder) }
            return try decoder.next(bytes)
        }
    }
}
