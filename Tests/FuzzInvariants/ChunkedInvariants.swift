import HTTP1

/// Chunked bodies, against a second decoder that is as plain as can be: lines, then bytes, from the whole input.
enum ChunkedInvariants {
    enum Outcome: Equatable {
        case ended(body: [UInt8], trailers: [UInt8], count: Int)
        case unfinished(body: [UInt8], trailers: [UInt8])
        /// Refused; of trailers, a part may have been shown before.
        case refused(HTTPViolation, body: [UInt8])
    }

    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        guard let lender = Lender(input) else { return nil }
        let bytes = Array(input)
        let whole = read(bytes, Delivery(ends: [bytes.count]), lender)
        for delivery in Delivery.inPieces(bytes) {
            let pieces = read(bytes, delivery, lender)
            if pieces != whole { return "whole: \(whole); cut at \(delivery.ends): \(pieces)" }
        }
        let expected = ReferenceDecoder.decode(bytes)
        switch whole {
        case .ended(let body, let trailers, let count):
            if let expected, expected == (body, trailers, count) { return nil }
        case .unfinished, .refused:
            if expected == nil { return nil }
        }
        return "\(whole), but by the grammar \(expected.map { "\($0)" } ?? "no whole body")"
    }

    private static func read(_ bytes: [UInt8], _ delivery: Delivery, _ lender: Lender) -> Outcome {
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        var trailers: [UInt8] = []
        var start = 0
        do throws(HTTPViolation) {
            for end in delivery.ends {
                while start < end {
                    let event = try lender.lend(bytes[start..<end]) { pointer throws(HTTPViolation) in
                        try decoder.next(pointer)
                    }
                    switch event {
                    case .needMore: start = end
                    case .end(let consumed): return .ended(body: body, trailers: trailers, count: start + consumed)
                    case .trailers(let skipping, let count):
                        precondition(skipping >= 0 && count > 0 && start + skipping + count <= end)
                        trailers += bytes[(start + skipping)..<(start + skipping + count)]
                        start += skipping + count
                    case .data(let skipping, let count):
                        precondition(skipping >= 0 && count > 0 && start + skipping + count <= end)
                        body += bytes[(start + skipping)..<(start + skipping + count)]
                        start += skipping + count
                    }
                }
            }
            return .unfinished(body: body, trailers: trailers)
        } catch {
            return .refused(error, body: body)
        }
    }
}

/// RFC 9112 section 7.1, read line by line.
private enum ReferenceDecoder {
    private static let tokenCharacters = Set(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// - Returns: the body, its trailer lines and the length of all, or `nil` when they are not whole and legal.
    static func decode(_ bytes: [UInt8]) -> (body: [UInt8], trailers: [UInt8], count: Int)? {
        var body: [UInt8] = []
        var position = 0
        var extensionBytes = 0
        while true {
            guard let line = line(bytes, &position), let (size, extensions) = sizeLine(line) else { return nil }
            if !extensions.isEmpty {
                extensionBytes += extensions.count
                guard extensionBytes <= ChunkedDecoder.extensionByteLimit, areExtensions(extensions) else { return nil }
            }
            if size == 0 { break }
            guard size <= bytes.count - position else { return nil }
            body += bytes[position..<(position + size)]
            position += size
            guard bytes[position...].starts(with: [0x0d, 0x0a]) else { return nil }
            position += 2
        }
        let trailersStart = position
        while let line = line(bytes, &position) {
            let trailers = bytes[trailersStart..<(position - 2 - line.count)]
            if line.isEmpty { return trailers.count <= 32 << 10 ? (body, Array(trailers), position) : nil }
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, isToken(parts[0]), parts[1].allSatisfy(isText) else { return nil }
        }
        return nil
    }

    /// The next line without its end.
    private static func line(_ bytes: [UInt8], _ position: inout Int) -> ArraySlice<UInt8>? {
        guard let end = bytes[position...].firstRange(of: [0x0d, 0x0a]) else { return nil }
        defer { position = end.upperBound }
        return bytes[position..<end.lowerBound]
    }

    private static func sizeLine(_ line: ArraySlice<UInt8>) -> (Int, ArraySlice<UInt8>)? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        guard (1...16).contains(digits.count), digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16), size < 1 << 53
        else { return nil }
        return (Int(size), line[digits.endIndex...])
    }

    /// Whether this is `*( ";" OWS token [ "=" ( token / quoted-string ) ] )`.
    private static func areExtensions(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        while !rest.isEmpty {
            guard rest.removeFirst() == UInt8(ascii: ";") else { return false }
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard takeToken(&rest) else { return false }
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest.removeFirst()
            guard rest.first == UInt8(ascii: "\"") ? takeQuoted(&rest) : takeToken(&rest) else { return false }
        }
        return true
    }

    private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let token = rest.prefix { tokenCharacters.contains($0) }
        rest = rest[token.endIndex...]
        return !token.isEmpty
    }

    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst(), isText(escaped) else { return false }
            } else if !isText(byte) {
                return false
            }
        }
        return false
    }

    private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { tokenCharacters.contains($0) }
    }

    private static func isText(_ byte: UInt8) -> Bool {
        byte == 0x09 || byte >= 0x20 && byte != 0x7f
    }
}
