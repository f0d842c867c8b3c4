/// Which of a cluster's 16384 slots a key lies in (Redis Cluster specification, "Key distribution model").
package enum HashSlot {
    /// How many slots there are.
    package static let count = 16_384

    /// The part of a name that decides: what stands between the first `{` and the next `}`.
    /// - Returns: `nil` when there is none or it is empty; then the whole name decides.
    package static func tag(of name: String) -> String? {
        let bytes = name.utf8
        guard let open = bytes.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        let start = bytes.index(after: open)
        guard let close = bytes[start...].firstIndex(of: UInt8(ascii: "}")), close > start else { return nil }
        return String(name[start..<close])
    }

    /// The slot of a key.
    package static func slot(of key: String) -> Int {
        Int(checksum((tag(of: key) ?? key).utf8)) % count
    }

    /// CRC-16 with polynomial 0x1021 that starts from 0 (XMODEM).
    private static func checksum(_ bytes: String.UTF8View) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in bytes {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 { checksum = checksum & 0x8000 == 0 ? checksum << 1 : checksum << 1 ^ 0x1021 }
        }
        return checksum
    }
}
