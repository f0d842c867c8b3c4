/// Decodes the chunked transfer coding (RFC 9112 section 7.1) one event at a time, without holding any bytes.
///
/// Sizes, extensions and trailers are checked against the grammar. Extensions are dropped, as RFC 9112 section 7.1.1 has
/// it; trailer lines are shown, for ``TrailerSection`` to gather or for nobody.
package struct ChunkedDecoder: Sendable {
    /// What was found at the front of the bytes.
    package enum Event: Equatable, Sendable {
        /// Body bytes: this many, after `skipping` bytes of framing.
        case data(skipping: Int, count: Int)
        /// Bytes of trailer lines: this many, after `skipping` bytes of framing; the end is still to come.
        case trailers(skipping: Int, count: Int)
        /// All bytes were framing; more are needed.
        case needMore
        /// The body ended after this many bytes of framing.
        case end(consumed: Int)
    }

    private enum State: Sendable {
        case sizeStart, size, extensionStart, extensionName, extensionValueStart, extensionToken
        case extensionQuoted, extensionEscape, extensionEnd, sizeLF
        case data, dataCR, dataLF
        case trailerStart, trailerName, trailerValue, trailerLF, endLF
        case ended, failed
    }

    /// The most bytes of extensions in all chunks of one body: they are free for the sender and cost the reader.
    package static let extensionByteLimit = 4096

    private let trailerByteLimit: Int
    private var state = State.sizeStart
    private var remaining = 0
    private var sizeDigits = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    /// Makes a decoder.
    ///
    /// - Parameter trailerByteLimit: the largest trailer section, in bytes; the empty line at its end is not counted.
    package init(trailerByteLimit: Int = 32 << 10) {
        self.trailerByteLimit = trailerByteLimit
    }

    /// Whether the last byte of the body has been seen.
    package var hasEnded: Bool { state == .ended }

    /// Looks at bytes from the front until there is body data, the end, or nothing left.
    ///
    /// - Throws: ``HTTPViolation/malformedChunk``, ``HTTPViolation/malformedTrailer`` or
    ///   ``HTTPViolation/headerSectionTooLarge``; the body cannot go on, and every further byte is refused.
    package mutating func next(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) -> Event {
        do throws(HTTPViolation) {
            return try scan(bytes)
        } catch {
            state = .failed
            throw error
        }
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) -> Event {
        var index = 0
        while index < bytes.count {
            if state == .data {
                let count = min(remaining, bytes.count &- index)
                remaining &-= count
                if remaining == 0 { state = .dataCR }
                return .data(skipping: index, count: count)
            }
            let byte = bytes[index]
            index &+= 1
            switch state {
            case .sizeStart, .size: try takeSize(byte)
            case .extensionStart, .extensionName, .extensionValueStart, .extensionToken, .extensionQuoted,
                .extensionEscape, .extensionEnd:
                try takeExtension(byte)
            case .sizeLF:
                guard byte == 0x0a else { throw .malformedChunk }
                state = remaining == 0 ? .trailerStart : .data
            case .dataCR:
                guard byte == 0x0d else { throw .malformedChunk }
                state = .dataLF
            case .dataLF:
                guard byte == 0x0a else { throw .malformedChunk }
                state = .sizeStart
            case .trailerStart where byte == 0x0d: state = .endLF
            case .trailerStart, .trailerName, .trailerValue, .trailerLF:
                let start = index &- 1
                return .trailers(skipping: start, count: try scanTrailers(bytes, from: start))
            case .endLF:
                guard byte == 0x0a else { throw .malformedTrailer }
                state = .ended
                return .end(consumed: index)
            case .data, .ended, .failed:
                throw .malformedChunk
            }
        }
        return .needMore
    }

    private mutating func takeSize(_ byte: UInt8) throws(HTTPViolation) {
        if let digit = CharacterSet.hexadecimalValue(byte) {
            if state == .sizeStart {
                remaining = 0
                sizeDigits = 0
                state = .size
            }
            sizeDigits &+= 1
            // Leading zeros are legal; a bound on digits keeps them from going on for ever.
            guard sizeDigits <= 16, remaining <= ContentLength.largest >> 4 else { throw .malformedChunk }
            remaining = remaining << 4 | Int(digit)
            return
        }
        guard state == .size else { throw .malformedChunk }
        switch byte {
        case 0x0d: state = .sizeLF
        case UInt8(ascii: ";"): state = .extensionStart
        default: throw .malformedChunk
        }
    }

    private mutating func takeExtension(_ byte: UInt8) throws(HTTPViolation) {
        extensionBytes &+= 1
        guard extensionBytes <= Self.extensionByteLimit else { throw .malformedChunk }
        switch state {
        case .extensionStart:
            if byte.isWhitespace { return }
            guard CharacterSet.isToken(byte) else { throw .malformedChunk }
            state = .extensionName
        case .extensionName:
            if CharacterSet.isToken(byte) { return }
            if byte == UInt8(ascii: "=") { state = .extensionValueStart } else { try endExtension(byte) }
        case .extensionValueStart:
            if byte == UInt8(ascii: "\"") {
                state = .extensionQuoted
            } else {
                guard CharacterSet.isToken(byte) else { throw .malformedChunk }
                state = .extensionToken
            }
        case .extensionToken:
            if !CharacterSet.isToken(byte) { try endExtension(byte) }
        case .extensionQuoted:
            if byte == UInt8(ascii: "\"") {
                state = .extensionEnd
            } else if byte == UInt8(ascii: "\\") {
                state = .extensionEscape
            } else if byte < 0x20 && byte != 0x09 || byte == 0x7f {
                throw .malformedChunk
            }
        case .extensionEscape:
            guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .malformedChunk }
            state = .extensionQuoted
        default:
            try endExtension(byte)
        }
    }

    private mutating func endExtension(_ byte: UInt8) throws(HTTPViolation) {
        switch byte {
        case UInt8(ascii: ";"): state = .extensionStart
        case 0x0d: state = .sizeLF
        default: throw .malformedChunk
        }
    }

    /// Checks trailer lines up to the empty line that ends them, or as far as the bytes go.
    ///
    /// - Returns: how many bytes belong to them.
    private mutating func scanTrailers(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(HTTPViolation) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if state == .trailerStart, byte == 0x0d { break }
            try takeTrailer(byte)
            index &+= 1
        }
        return index &- start
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(HTTPViolation) {
        trailerBytes &+= 1
        guard trailerBytes <= trailerByteLimit else { throw .headerSectionTooLarge }
        switch state {
        case .trailerStart:
            guard CharacterSet.isToken(byte) else { throw .malformedTrailer }
            state = .trailerName
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                state = .trailerValue
            } else {
                guard CharacterSet.isToken(byte) else { throw .malformedTrailer }
            }
        case .trailerValue:
            if byte == 0x0d {
                state = .trailerLF
            } else {
                guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .malformedTrailer }
            }
        default:
            guard byte == 0x0a else { throw .malformedTrailer }
            state = .trailerStart
        }
    }
}
