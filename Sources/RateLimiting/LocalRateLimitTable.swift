import Synchronization

/// The counts of one limit inside this process, shared by its event loops.
///
/// The one lock on the data path, and only on the way of a request whose route is limited: a count per event loop would
/// give a client as many limits as it has connections on different loops. It is one of ``shardCount``, and held for some
/// comparisons.
///
/// Memory is bounded and taken as it is needed. A client has its place among ``ways`` slots that a secret hash chooses.
/// When all of them are taken, the client with the least debt leaves: somebody who owes nothing any more, as a rule, and
/// never one at its limit while there is another. So who wants a count forgotten must first raise at least as high a
/// debt in several other names.
package final class LocalRateLimitTable: Sendable {
    /// How many slots are searched for a client.
    package static let ways = 8
    static let shardCount = 64

    private struct Slot {
        var key: UInt128 = 0
        var state = GCRA.State()
    }

    private final class Shard: Sendable {
        let slots = Mutex<[Slot]>([])
    }

    private let algorithm: GCRA
    private let setsPerShard: Int
    private let shards: [Shard]
    private let clock: @Sendable () -> Int64

    /// Makes an empty table.
    ///
    /// - Parameters:
    ///   - algorithm: the limit.
    ///   - entries: how many clients it can hold; rounded down to a power of two, at least 512.
    ///   - clock: milliseconds that never go back, from any start.
    package init(_ algorithm: GCRA, entries: Int, clock: @escaping @Sendable () -> Int64) {
        self.algorithm = algorithm
        self.clock = clock
        let wanted = max(entries / (Self.ways * Self.shardCount), 1)
        setsPerShard = 1 << (Int.bitWidth - 1 - wanted.leadingZeroBitCount)
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// How many clients it can hold.
    package var capacity: Int { setsPerShard * Self.ways * Self.shardCount }

    /// Milliseconds of its clock.
    var nowMilliseconds: Int64 { clock() }

    /// Counts one request of a client.
    package func take(_ key: UInt128) -> RateLimitDecision {
        let (shard, start) = location(of: key)
        return shard.slots.withLock { slots in
            if slots.isEmpty { slots = Array(repeating: Slot(), count: setsPerShard * Self.ways) }
            // Read inside the lock: no request is judged by an older time than the one before it.
            let now = clock()
            let index = place(of: key, in: slots, from: start, nowMilliseconds: now)
            if slots[index].key != key { slots[index] = Slot(key: key) }
            return algorithm.take(from: &slots[index].state, nowMilliseconds: now)
        }
    }

    /// Takes back what one request that was allowed has cost its client.
    package func giveBack(_ key: UInt128) {
        let (shard, start) = location(of: key)
        shard.slots.withLock { slots in
            guard !slots.isEmpty, let index = (start..<start + Self.ways).first(where: { slots[$0].key == key }) else {
                return
            }
            algorithm.giveBack(to: &slots[index].state, nowMilliseconds: clock())
        }
    }

    /// Which slots may hold a client.
    private func location(of key: UInt128) -> (shard: Shard, start: Int) {
        // Swift's hash is keyed by a secret of the process, so nobody can choose whom to share slots with.
        let hash = UInt(bitPattern: key.hashValue)
        let shard = shards[Int(hash % UInt(Self.shardCount))]
        return (shard, Int(hash / UInt(Self.shardCount) % UInt(setsPerShard)) * Self.ways)
    }

    /// What would be said of a client's next request; counts nothing.
    package func standing(of key: UInt128) -> RateLimitDecision {
        let (shard, start) = location(of: key)
        return shard.slots.withLock { slots in
            var state = GCRA.State()
            if !slots.isEmpty, let slot = slots[start..<start + Self.ways].first(where: { $0.key == key }) {
                state = slot.state
            }
            return algorithm.take(from: &state, nowMilliseconds: clock())
        }
    }

    /// Where a client is, or where one leaves for it.
    private func place(of key: UInt128, in slots: [Slot], from start: Int, nowMilliseconds: Int64) -> Int {
        for index in start..<start + Self.ways where slots[index].key == key { return index }
        var best = start
        var least = Int64.max
        for index in start..<start + Self.ways {
            let debt = algorithm.debt(of: slots[index].state, nowMilliseconds: nowMilliseconds)
            if debt < least { (best, least) = (index, debt) }
        }
        return best
    }
}
