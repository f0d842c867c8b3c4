package import RedisClient

/// Lists revocations from the stream, the latest first.
package struct RedisRevocationListing: RevocationListing {
    private let client: RedisClient
    private let keys: RevocationKeys

    /// - Parameters:
    ///   - client: the connection to the Redis that holds the deny-list.
    ///   - keys: the names.
    package init(client: RedisClient, keys: RevocationKeys) {
        self.client = client
        self.keys = keys
    }

    /// A page; see ``RevocationListing``.
    package func revocations(
        after cursor: String?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RevocationPage? {
        if let cursor, !Self.isEntryID(cursor) { return nil }
        let reply: RedisValue
        do {
            reply = try await client.execute(
                "XREVRANGE", keys.stream, cursor.map { "(\($0)" } ?? "+", "-", "COUNT", String(limit))
        } catch {
            throw RevocationFailure(error)
        }
        guard case .array(let entries) = reply else { throw .unexpectedReply }
        var revocations: [RecordedRevocation] = []
        var last: String?
        for entry in entries {
            guard case .array(let parts) = entry, parts.count == 2, let id = parts[0].text,
                case .array(let fields) = parts[1]
            else { throw .unexpectedReply }
            last = id
            // What others wrote into the stream without its form is not ours to show.
            guard let revocation = Self.revocation(fields), revocation.untilMilliseconds > nowMilliseconds else {
                continue
            }
            revocations.append(revocation)
        }
        return RevocationPage(revocations: revocations, next: entries.count == limit ? last : nil)
    }

    private static func revocation(_ fields: [RedisValue]) -> RecordedRevocation? {
        guard fields.count.isMultiple(of: 2) else { return nil }
        var values: [String: String] = [:]
        for index in stride(from: 0, to: fields.count, by: 2) {
            guard let name = fields[index].text, let value = fields[index + 1].text else { return nil }
            values[name] = value
        }
        guard let kind = values["kind"].flatMap(RevocationKind.init), let id = values["id"],
            let until = values["until"].flatMap({ Int64($0) })
        else { return nil }
        return RecordedRevocation(
            kind: kind, id: id, cutoffMilliseconds: values["cutoff"].flatMap { Int64($0) }, untilMilliseconds: until,
            reason: values["reason"] ?? "")
    }

    /// Whether a text is the id of an entry: two decimal numbers with a dash between.
    private static func isEntryID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy {
                (1...20).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
    }
}
