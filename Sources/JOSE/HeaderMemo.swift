/// The headers of tokens accepted lately, with what they led to.
///
/// All tokens of one key have one header, so most need not be decoded again. Only headers of tokens with a valid
/// signature are kept, so that nobody without a key can push entries out.
struct HeaderMemo {
    /// A header and the key it chose.
    struct Entry {
        let encodedHeader: [UInt8]
        let header: TokenHeader
        let issuerIndex: Int
        let key: VerificationKey
    }

    private static let capacity = 8

    private var entries: [Entry] = []
    private var oldest = 0

    /// The entry of a header in its base64url form.
    func entry(for encodedHeader: UnsafeRawBufferPointer) -> Entry? {
        for entry in entries where entry.encodedHeader.withUnsafeBytes({ haveEqualBytes($0, encodedHeader) }) {
            return entry
        }
        return nil
    }

    /// Keeps an entry, in the place of the oldest when there is no room.
    mutating func insert(_ entry: Entry) {
        guard entries.count == Self.capacity else {
            entries.append(entry)
            return
        }
        entries[oldest] = entry
        oldest = (oldest + 1) % Self.capacity
    }
}
