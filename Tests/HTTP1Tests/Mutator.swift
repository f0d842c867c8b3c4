import TestSupport

/// Changes messages as an attacker would: bytes that mean something to some parser, put where they may matter.
struct Mutator {
    private static let tokens: [String] = [
        "\r", "\n", "\r\n", "\r\n\r\n", "\0", " ", "\t", ":", ",", ";", "\"", "\\", "=", "/", "..", "%2e", "%2f", "%",
        "?", "#",
        "\u{b}", "\u{7f}", "\u{80}", "\u{ff}", "-", "+", "_", "0x", "0", "1", "5", "f", "00000000000000001",
        "ffffffffffffffff",
        "Content-Length: 3\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\tchunked \r\n",
        "transfer-encoding: x\r\n", "Host: b\r\n", "Connection: close\r\n", "Connection: Content-Length\r\n",
        "Upgrade: x\r\n", "Expect: 100-continue\r\n", "X: y\r\n", " X: folded\r\n", "X_Auth_Subject: z\r\n", "chunked",
        "identity, ", "0\r\n\r\n", "5\r\nhello\r\n", ";a=b", ";a=\"\\\"\"", "HTTP/1.0", "HTTP/1.1",
        "GET / HTTP/1.1\r\n",
    ]

    var generator: SeededGenerator

    /// A changed copy.
    mutating func mutate(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0...generator.below(3) {
            let position = generator.below(bytes.count + 1)
            switch generator.below(7) {
            case 0:
                if position < bytes.count { bytes[position] = UInt8.random(in: .min ... .max, using: &generator) }
            case 1:
                if position < bytes.count { bytes.remove(at: position) }
            case 2:
                let end = min(bytes.count, position + generator.below(12))
                bytes.insert(contentsOf: bytes[position..<end], at: position)
            case 3:
                bytes.removeSubrange(position..<min(bytes.count, position + generator.below(20)))
            case 4:
                insertLine(into: &bytes)
            default:
                bytes.insert(contentsOf: token(), at: position)
            }
        }
        return bytes
    }

    /// Bytes made of nothing but tokens and noise.
    mutating func invent() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<generator.below(30) {
            if generator.below(5) == 0 {
                bytes.append(UInt8.random(in: .min ... .max, using: &generator))
            } else {
                bytes += token()
            }
        }
        return bytes
    }

    private mutating func token() -> [UInt8] {
        Self.tokens[generator.below(Self.tokens.count)].unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    /// Puts a whole field line after a line, where it is most likely to be read as one.
    private mutating func insertLine(into bytes: inout [UInt8]) {
        let lineStarts = bytes.indices.filter { $0 > 0 && bytes[$0 - 1] == 0x0a }
        guard !lineStarts.isEmpty else { return }
        let lines = Self.tokens.filter { $0.count > 4 && $0.hasSuffix("\r\n") }
        bytes.insert(
            contentsOf: lines[generator.below(lines.count)].utf8, at: lineStarts[generator.below(lineStarts.count)])
    }
}
