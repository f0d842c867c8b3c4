import Synchronization

/// Every revocation that can still matter, in memory, once for the whole process.
///
/// Written by whoever learns of a revocation, one at a time; read by every event loop through a ``RevocationIndexReader``
/// of its own, without a lock. What has expired leaves when enough of it has gathered, by moving the rest to a new table.
package final class RevocationIndex: Sendable {
    /// How many revocations it holds unless told otherwise: some 350 MB.
    package static let defaultMaximumEntries = 4_000_000

    /// How many revocations it holds.
    package let maximumEntries: Int
    private let writer: Mutex<Writer>
    /// Held only to exchange the table or to take it, never while one is filled.
    private let published: Mutex<RevocationTable>
    private let publishedGeneration = Atomic<Int>(0)
    private let entryCount = Atomic<Int>(0)

    private struct Writer {
        var table: RevocationTable
        var arena = IdentifierArena()
        var count = 0
    }

    /// Makes an empty one.
    package init(maximumEntries: Int = RevocationIndex.defaultMaximumEntries) {
        self.maximumEntries = maximumEntries
        let table = RevocationTable(minimumCapacity: 0)
        writer = Mutex(Writer(table: table))
        published = Mutex(table)
    }

    /// How many revocations it holds; what has expired counts until it leaves.
    package var count: Int { entryCount.load(ordering: .relaxed) }

    /// How much memory it takes.
    package var byteCount: Int { writer.withLock { $0.table.byteCount + $0.arena.byteCount } }

    /// Which table is the current one; grows.
    var generation: Int { publishedGeneration.load(ordering: .acquiring) }

    /// The current table.
    var table: RevocationTable { published.withLock { $0 } }

    /// Whether nothing was ever added since the last time it was empty.
    var isEmpty: Bool { entryCount.load(ordering: .acquiring) == 0 }

    /// Adds revocations; every look-up that begins after this returns finds them.
    /// - Parameters:
    ///   - entries: the revocations; what has expired already is skipped.
    ///   - nowMilliseconds: the wall clock.
    /// - Returns: whether there was room for all.
    package func insert(_ entries: [RevocationEntry], nowMilliseconds: Int64) -> Bool {
        writer.withLock { writer in
            defer { entryCount.store(writer.count, ordering: .releasing) }
            for entry in entries where entry.untilMilliseconds > nowMilliseconds {
                guard insert(entry, in: &writer, nowMilliseconds: nowMilliseconds) else { return false }
            }
            return true
        }
    }

    /// Lets what has expired go, if it is worth the move.
    package func removeExpired(nowMilliseconds: Int64) {
        writer.withLock { writer in
            let now = Self.seconds(nowMilliseconds, roundingUp: false)
            var expired = 0
            for index in 0..<writer.table.capacity {
                if let content = writer.table.content(at: index), content.untilSeconds <= now { expired += 1 }
            }
            guard expired > 0, expired >= writer.count / 4 else { return }
            rebuild(&writer, nowMilliseconds: nowMilliseconds)
            entryCount.store(writer.count, ordering: .releasing)
        }
    }

    /// Some of the revocations, to write them elsewhere.
    /// - Parameters:
    ///   - cursor: where to go on; 0 to begin. What is added or moved meanwhile may be missed or given twice.
    ///   - limit: how many at most.
    ///   - nowMilliseconds: the wall clock; what has expired is skipped.
    /// - Returns: the revocations, and where to go on; `nil` at the end.
    package func entries(
        from cursor: Int, limit: Int, nowMilliseconds: Int64
    ) -> (entries: [RevocationEntry], next: Int?) {
        writer.withLock { writer in
            let now = Self.seconds(nowMilliseconds, roundingUp: false)
            var found: [RevocationEntry] = []
            var index = max(cursor, 0)
            while index < writer.table.capacity, found.count < limit {
                if let content = writer.table.content(at: index), content.untilSeconds > now,
                    let name = writer.arena.name(at: content.name)
                {
                    found.append(
                        RevocationEntry(
                            kind: name.kind, identifier: name.identifier,
                            cutoffMilliseconds: Int64(clamping: content.strength - 1),
                            untilMilliseconds: Int64(content.untilSeconds) * 1000))
                }
                index += 1
            }
            return (found, index < writer.table.capacity ? index : nil)
        }
    }

    private func insert(_ entry: RevocationEntry, in writer: inout Writer, nowMilliseconds: Int64) -> Bool {
        let digest = entry.digest
        let until = Self.seconds(entry.untilMilliseconds, roundingUp: true)
        var place = writer.table.place(of: digest)
        if place.isTaken {
            writer.table.raise(place.index, strength: entry.strength, untilSeconds: until)
            return true
        }
        if writer.count >= min(writer.table.maximumCount, maximumEntries) {
            rebuild(&writer, nowMilliseconds: nowMilliseconds)
            guard writer.count < maximumEntries else { return false }
            place = writer.table.place(of: digest)
        }
        guard let name = writer.arena.append(kind: entry.kind, entry.identifier) else { return false }
        writer.table.fill(
            place.index, .init(digest: digest, strength: entry.strength, untilSeconds: until, name: name))
        writer.count += 1
        return true
    }

    /// Moves what has not expired to a new table with room for as much again, and gives that to the readers.
    private func rebuild(_ writer: inout Writer, nowMilliseconds: Int64) {
        let now = Self.seconds(nowMilliseconds, roundingUp: false)
        let old = writer.table
        let kept = (0..<old.capacity).count { (old.content(at: $0)?.untilSeconds ?? 0) > now }
        let table = RevocationTable(minimumCapacity: kept * 2)
        var arena = IdentifierArena()
        var count = 0
        for index in 0..<old.capacity {
            guard let content = old.content(at: index), content.untilSeconds > now,
                let name = writer.arena.name(at: content.name),
                let place = arena.append(kind: name.kind, name.identifier)
            else { continue }
            table.fill(
                table.place(of: content.digest).index,
                .init(
                    digest: content.digest, strength: content.strength, untilSeconds: content.untilSeconds,
                    name: place))
            count += 1
        }
        writer = Writer(table: table, arena: arena, count: count)
        published.withLock { $0 = table }
        publishedGeneration.add(1, ordering: .releasing)
    }

    private static func seconds(_ milliseconds: Int64, roundingUp: Bool) -> UInt32 {
        UInt32(clamping: (max(milliseconds, 0) + (roundingUp ? 999 : 0)) / 1000)
    }
}
