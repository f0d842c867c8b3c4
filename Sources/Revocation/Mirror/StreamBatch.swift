package import RedisClient

/// What one read of the stream brought.
package struct StreamBatch: Sendable, Hashable {
    /// The revocations, in the order they were written.
    package var entries: [RevocationEntry] = []
    /// How many entries there were, those that could not be understood included.
    package var count = 0
    /// The id of the last of them.
    package var last: StreamPosition?
    /// Whether there was an entry that is no revocation of a known form: then nobody knows what it revokes.
    package var hasUnintelligible = false

    /// Makes an empty one.
    package init() {}

    /// Reads the reply to an `XREAD` of one stream; `nil` when it is none.
    package init?(_ reply: RedisReply) {
        if reply.kind == .null { return }
        guard reply.kind == .array, reply.count == 1, reply[0].kind == .array, reply[0].count == 2,
            reply[0][1].kind == .array
        else { return nil }
        let list = reply[0][1]
        entries.reserveCapacity(list.count)
        for index in 0..<list.count {
            let entry = list[index]
            guard entry.kind == .array, entry.count == 2,
                let position = entry[0].withBytes({ StreamPosition($0) }), position > last ?? .start
            else { return nil }
            last = position
            count += 1
            if let revocation = Self.revocation(entry[1]) {
                entries.append(revocation)
            } else {
                hasUnintelligible = true
            }
        }
    }

    private static func revocation(_ fields: RedisReply) -> RevocationEntry? {
        guard fields.kind == .array, fields.count.isMultiple(of: 2) else { return nil }
        var kind: RevocationKind?
        var identifier: [UInt8]?
        var until: Int64?
        var cutoff: Int64?
        for index in stride(from: 0, to: fields.count, by: 2) {
            let value = fields[index + 1]
            fields[index].withBytes { name in
                if name.elementsEqual("kind".utf8) {
                    kind = value.withBytes { RevocationKind(rawValue: String(decoding: $0, as: UTF8.self)) }
                } else if name.elementsEqual("id".utf8) {
                    identifier = value.withBytes { Array($0) }
                } else if name.elementsEqual("until".utf8) {
                    until = value.withBytes { StrictDecimal.parse($0) }
                } else if name.elementsEqual("cutoff".utf8) {
                    cutoff = value.withBytes { StrictDecimal.parse($0) }
                }
            }
        }
        guard let kind, let identifier, let until, identifier.count <= longestIdentifierBytes else { return nil }
        guard kind == .all ? identifier.isEmpty : !identifier.isEmpty else { return nil }
        guard kind.hasCutoff == (cutoff != nil) else { return nil }
        return RevocationEntry(
            kind: kind, identifier: identifier, cutoffMilliseconds: cutoff, untilMilliseconds: until)
    }

    /// A plain name behind the digest of its issuer.
    private static let longestIdentifierBytes = RevocationKeys.longestPlainIdentifierBytes + 64
}
