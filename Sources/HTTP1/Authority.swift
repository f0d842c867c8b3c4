/// Validates `host [":" port]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
///
/// Refused though the grammar has them: user information, percent-encodings and empty labels. They give one host two
/// spellings, and a route for the one would not cover the other.
package enum Authority {
    /// Tells whether the bytes are a host with an optional port.
    package static func isValid(_ value: UnsafeRawBufferPointer) -> Bool {
        guard !value.isEmpty, value.count <= 262 else { return false }
        return value[0] == UInt8(ascii: "[") ? isValidLiteral(value) : isValidName(value)
    }

    /// The host without its port, and without the dot that may end a full domain name.
    ///
    /// `a.example.` is `a.example` to backends, so it has to be to the routes. Letters keep their case.
    package static func host(of value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if value.first == UInt8(ascii: "[") {
            let end = value.firstIndex(of: UInt8(ascii: "]"), from: 0) ?? (value.count &- 1)
            return value.slice(0, end &+ 1)
        }
        let name = value.slice(0, value.firstIndex(of: UInt8(ascii: ":"), from: 0) ?? value.count)
        return name.last == UInt8(ascii: ".") ? name.slice(0, name.count &- 1) : name
    }

    private static func isValidName(_ value: UnsafeRawBufferPointer) -> Bool {
        let end = value.firstIndex(of: UInt8(ascii: ":"), from: 0) ?? value.count
        guard end > 0 else { return false }
        var previous = UInt8(ascii: ".")
        for byte in value.slice(0, end) {
            guard CharacterSet.isHostName(byte) else { return false }
            if byte == UInt8(ascii: "."), previous == UInt8(ascii: ".") { return false }
            previous = byte
        }
        return isValidPort(value, from: end)
    }

    private static func isValidLiteral(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let end = value.firstIndex(of: UInt8(ascii: "]"), from: 1), end > 2 else { return false }
        var colons = 0
        for byte in value.slice(1, end &- 1) {
            if byte == UInt8(ascii: ":") { colons &+= 1 }
            let isAllowed =
                CharacterSet.hexadecimalValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
            guard isAllowed else { return false }
        }
        return colons >= 2 && isValidPort(value, from: end &+ 1)
    }

    private static func isValidPort(_ value: UnsafeRawBufferPointer, from start: Int) -> Bool {
        guard start < value.count else { return true }
        guard value[start] == UInt8(ascii: ":") else { return false }
        var port = 0
        for byte in value.slice(start &+ 1, value.count) {
            guard CharacterSet.isDigit(byte) else { return false }
            port = port &* 10 &+ Int(byte &- UInt8(ascii: "0"))
            guard port <= 65535 else { return false }
        }
        return true
    }
}
