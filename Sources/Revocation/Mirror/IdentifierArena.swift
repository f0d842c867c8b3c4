/// The names of the revocations that a table holds, packed: needed only to write them again to a Redis that lost them.
///
/// A UUID takes 17 bytes and a digest in hexadecimal 33; other names take two bytes more than they have. Kept in pieces,
/// so that growing copies nothing and leaves nothing unused but the end of the last piece.
struct IdentifierArena {
    private enum Form: UInt8 {
        case plain = 0
        case uuid = 0x10
        case hexadecimal = 0x20
    }

    private static let pieceBytes = 1 << 16
    private static let dashes: Set<Int> = [8, 13, 18, 23]

    private var pieces: [[UInt8]] = []

    /// How many bytes are set aside.
    var byteCount: Int { pieces.count * Self.pieceBytes }

    /// Adds a name.
    /// - Returns: where it is, for ``name(at:)``; `nil` when it is too long or there is no room.
    mutating func append(kind: RevocationKind, _ identifier: [UInt8]) -> UInt32? {
        guard let kindIndex = RevocationKind.allCases.firstIndex(of: kind), identifier.count <= 255 else { return nil }
        var record: [UInt8]
        if let packed = Self.packUUID(identifier) {
            record = [UInt8(kindIndex) | Form.uuid.rawValue] + packed
        } else if identifier.count == 64, let packed = Self.pack(identifier) {
            record = [UInt8(kindIndex) | Form.hexadecimal.rawValue] + packed
        } else {
            record = [UInt8(kindIndex) | Form.plain.rawValue, UInt8(identifier.count)] + identifier
        }
        if pieces.isEmpty || pieces[pieces.count - 1].count + record.count > Self.pieceBytes {
            guard pieces.count < 1 << 16 else { return nil }
            var piece: [UInt8] = []
            piece.reserveCapacity(Self.pieceBytes)
            pieces.append(piece)
        }
        let offset = pieces[pieces.count - 1].count
        pieces[pieces.count - 1].append(contentsOf: record)
        return UInt32(pieces.count - 1) << 16 | UInt32(offset)
    }

    /// The name at a place that ``append(kind:_:)`` gave.
    func name(at place: UInt32) -> (kind: RevocationKind, identifier: [UInt8])? {
        let index = Int(place >> 16)
        let start = Int(place & 0xFFFF)
        guard pieces.indices.contains(index), start < pieces[index].count else { return nil }
        let piece = pieces[index][start...]
        let kindIndex = Int(pieces[index][start] & 0x0F)
        guard RevocationKind.allCases.indices.contains(kindIndex) else { return nil }
        let kind = RevocationKind.allCases[kindIndex]
        let rest = piece.dropFirst()
        switch Form(rawValue: pieces[index][start] & 0xF0) {
        case .plain: return (kind, Array(rest.dropFirst().prefix(Int(rest.first ?? 0))))
        case .hexadecimal: return (kind, Self.unpack(rest.prefix(32)))
        case .uuid:
            var text = Self.unpack(rest.prefix(16))
            for place in [8, 13, 18, 23] where text.count >= place { text.insert(UInt8(ascii: "-"), at: place) }
            return (kind, text)
        case nil: return nil
        }
    }

    private static func packUUID(_ text: [UInt8]) -> [UInt8]? {
        guard text.count == 36 else { return nil }
        guard dashes.allSatisfy({ text[$0] == UInt8(ascii: "-") }) else { return nil }
        return pack(text.indices.filter { !dashes.contains($0) }.map { text[$0] })
    }

    /// Two lower-case digits to a byte; `nil` for anything else, since upper case would not come back.
    private static func pack(_ digits: [UInt8]) -> [UInt8]? {
        var packed: [UInt8] = []
        packed.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let high = Hexadecimal.digit(digits[index]), let low = Hexadecimal.digit(digits[index + 1]) else {
                return nil
            }
            packed.append(UInt8(high) << 4 | UInt8(low))
        }
        return packed
    }

    private static func unpack(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        Array(Hexadecimal.encode(Array(bytes)).utf8)
    }
}
