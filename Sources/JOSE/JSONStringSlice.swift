/// Where the characters of a JSON string lie in the text it was found in, between the quotes and still escaped.
struct JSONStringSlice {
    /// The first byte after the opening quote.
    let start: Int
    /// The closing quote.
    let end: Int
    /// Whether a backslash occurs; if not, the bytes are the string.
    let hasEscapes: Bool

    /// The bytes between the quotes.
    func rawBytes(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text[start..<end])
    }

    /// Calls `body` with the string's UTF-8, which is copied only when it holds escapes.
    func withUTF8<Result>(
        in text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard hasEscapes else { return body(rawBytes(in: text)) }
        var unescaped: [UInt8] = []
        appendUnescaped(in: text, to: &unescaped)
        return unescaped.withUnsafeBytes(body)
    }

    /// The string itself.
    func string(in text: UnsafeRawBufferPointer) -> String {
        withUTF8(in: text) { String(decoding: $0, as: UTF8.self) }
    }

    /// Appends the string's UTF-8.
    ///
    /// The scanner has checked every escape, so nothing is refused here.
    func appendUnescaped(in text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var position = start
        while position < end {
            let byte = text[position]
            guard byte == UInt8(ascii: "\\"), position + 1 < end else {
                output.append(byte)
                position += 1
                continue
            }
            let escape = text[position + 1]
            guard escape == UInt8(ascii: "u") else {
                output.append(Self.character(ofEscape: escape))
                position += 2
                continue
            }
            position += appendUnicodeEscape(in: text, at: position, to: &output)
        }
    }

    /// Appends the scalar of `\uXXXX` or of a surrogate pair, and returns how many bytes of text it took.
    private func appendUnicodeEscape(
        in text: UnsafeRawBufferPointer, at position: Int, to output: inout [UInt8]
    ) -> Int {
        var value = JSONScanner.hexadecimal(in: text, at: position + 2, before: end) ?? 0
        var length = 6
        if value & 0xFC00 == 0xD800 {
            let low = JSONScanner.hexadecimal(in: text, at: position + 8, before: end) ?? 0
            value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
            length = 12
        }
        if let scalar = Unicode.Scalar(value) {
            output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return length
    }

    private static func character(ofEscape escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }
}
