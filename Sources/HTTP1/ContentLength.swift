/// Reads a `Content-Length` (RFC 9112 section 6.2): digits only, at most 2^53 - 1 so that no backend rounds it.
enum ContentLength {
    static let largest = (1 << 53) - 1

    static func parse(_ value: UnsafeRawBufferPointer) -> Int? {
        guard value.count > 0, value.count <= 32 else { return nil }
        var length = 0
        for byte in value {
            guard CharacterSet.isDigit(byte) else { return nil }
            length = length &* 10 &+ Int(byte &- UInt8(ascii: "0"))
            guard length <= largest else { return nil }
        }
        return length
    }
}
