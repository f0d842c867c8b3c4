/// Numbers tokens with slots from 0 up to a capacity, and gives the slot of the least recently used to the next token.
///
/// The tokens are ones an issuer signed, so hashing their last bytes, which belong to the signature, with a seed of the
/// process is enough. Slots of one hash bucket are chained, and all are in a list by use, both by slot number: there are
/// no objects whose references would have to be counted. A slot that is in the newest quarter in any case is not moved to
/// the front of that list again, for moving one touches the memory of three others: so what is forgotten is always
/// among the least recently used, and three quarters of the capacity are never forgotten before it.
@usableFromInline
struct TokenIndex {
    private struct Slot {
        let token: [UInt8]
        let hash: UInt64
        var nextInBucket = TokenIndex.none
        var newer = TokenIndex.none
        var older = TokenIndex.none
        /// What ``TokenIndex/moveCount`` was when the slot came to the front of the list.
        var movedAt: UInt64 = 0
    }

    /// The end of a chain of slot numbers.
    private static let none: Int32 = -1

    private let capacity: Int
    private let hashedByteCount: Int
    private let slack: UInt64
    private var moveCount: UInt64 = 0
    private let hasher = SeededHash()
    private var slots: ContiguousArray<Slot> = []
    private var buckets: ContiguousArray<Int32>
    private var newest = TokenIndex.none
    private var oldest = TokenIndex.none

    /// An empty index.
    ///
    /// - Parameters:
    ///   - capacity: the most tokens, at most 2^24.
    ///   - hashedByteCount: how many last bytes of a token are hashed.
    ///   - slack: how many others may have come to the front after a slot before using it moves it there again; left
    ///     out, a quarter of the capacity.
    init(capacity: Int, hashedByteCount: Int = 16, slack: Int? = nil) {
        self.capacity = min(max(capacity, 0), 1 << 24)
        self.hashedByteCount = hashedByteCount
        self.slack = UInt64(clamping: slack ?? self.capacity / 4)
        var bucketCount = 1
        while bucketCount < self.capacity { bucketCount *= 2 }
        buckets = ContiguousArray(repeating: Self.none, count: bucketCount)
    }

    /// The slot of a token, which becomes the most recently used.
    @usableFromInline
    mutating func use(_ token: UnsafeRawBufferPointer) -> Int? {
        guard let slot = slot(of: token, hash: hash(token)) else { return nil }
        markUsed(slot)
        return slot
    }

    /// The slot for a token: the one it has, a new one, or that of the least recently used; nil when there is no room.
    @usableFromInline
    mutating func insert(_ token: UnsafeRawBufferPointer) -> Int? {
        guard capacity > 0 else { return nil }
        let hash = hash(token)
        if let slot = slot(of: token, hash: hash) {
            markUsed(slot)
            return slot
        }
        let entry = Slot(token: [UInt8](token), hash: hash)
        let slot: Int
        if slots.count < capacity {
            slot = slots.count
            slots.append(entry)
        } else {
            slot = Int(oldest)
            removeFromBucket(slot)
            removeFromUseList(slot)
            slots[slot] = entry
        }
        addToBucket(slot)
        addAsNewest(slot)
        return slot
    }

    /// Forgets all tokens.
    @usableFromInline
    mutating func removeAll() {
        slots.removeAll()
        for bucket in buckets.indices { buckets[bucket] = Self.none }
        newest = Self.none
        oldest = Self.none
    }

    private func hash(_ token: UnsafeRawBufferPointer) -> UInt64 {
        hasher.hash(UnsafeRawBufferPointer(rebasing: token.suffix(hashedByteCount)))
    }

    private func bucket(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (buckets.count - 1)
    }

    private func slot(of token: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var slot = buckets[bucket(of: hash)]
        while slot != Self.none {
            let index = Int(slot)
            if slots[index].hash == hash, slots[index].token.withUnsafeBytes({ haveEqualBytes($0, token) }) {
                return index
            }
            slot = slots[index].nextInBucket
        }
        return nil
    }

    private mutating func addToBucket(_ slot: Int) {
        let bucket = bucket(of: slots[slot].hash)
        slots[slot].nextInBucket = buckets[bucket]
        buckets[bucket] = Int32(slot)
    }

    private mutating func removeFromBucket(_ slot: Int) {
        let bucket = bucket(of: slots[slot].hash)
        let next = slots[slot].nextInBucket
        guard buckets[bucket] != Int32(slot) else {
            buckets[bucket] = next
            return
        }
        var previous = buckets[bucket]
        while previous != Self.none {
            if slots[Int(previous)].nextInBucket == Int32(slot) {
                slots[Int(previous)].nextInBucket = next
                return
            }
            previous = slots[Int(previous)].nextInBucket
        }
    }

    private mutating func markUsed(_ slot: Int) {
        guard moveCount &- slots[slot].movedAt > slack else { return }
        removeFromUseList(slot)
        addAsNewest(slot)
    }

    private mutating func addAsNewest(_ slot: Int) {
        moveCount &+= 1
        slots[slot].movedAt = moveCount
        slots[slot].newer = Self.none
        slots[slot].older = newest
        if newest == Self.none {
            oldest = Int32(slot)
        } else {
            slots[Int(newest)].newer = Int32(slot)
        }
        newest = Int32(slot)
    }

    private mutating func removeFromUseList(_ slot: Int) {
        let newer = slots[slot].newer
        let older = slots[slot].older
        if newer == Self.none { newest = older } else { slots[Int(newer)].older = older }
        if older == Self.none { oldest = newer } else { slots[Int(older)].newer = newer }
    }
}
