/// Numbers tokens with slots from 0 up to a capacity, and gives the slot of the least worth keeping to the next token.
///
/// A segmented least-recently-used policy: a new token is on trial, and is kept once it has been used a second time. The
/// kept may fill four fifths of the capacity; the least recently used of them goes back on trial. The next token takes the
/// place of the oldest on trial. So a flood of tokens that are each used once passes through the trial fifth (or what is
/// free) and leaves those in steady use alone, however many it has.
///
/// The tokens are ones an issuer signed, so hashing their last bytes, which belong to the signature, with a seed of the
/// process is enough. Slots of one hash bucket are chained, and all are in a list by use, both by slot number: there are
/// no objects whose references would have to be counted. A slot that is in the newest quarter of the kept in any case is not
/// moved to the front of their list again, for moving one touches the memory of three others.
@usableFromInline
struct TokenIndex {
    private struct Slot {
        let token: [UInt8]
        let hash: UInt64
        var nextInBucket = TokenIndex.none
        var newer = TokenIndex.none
        var older = TokenIndex.none
        var isKept = false
        /// What ``TokenIndex/moveCount`` was when the slot came to the front of the kept.
        var movedAt: UInt64 = 0
    }

    /// Slots by use.
    private struct UseList {
        var newest = TokenIndex.none
        var oldest = TokenIndex.none
        var count = 0
    }

    /// The end of a chain of slot numbers.
    private static let none: Int32 = -1

    private let capacity: Int
    private let keptCapacity: Int
    private let hashedByteCount: Int
    private let slack: UInt64
    private var moveCount: UInt64 = 0
    private let hasher = SeededHash()
    private var slots: ContiguousArray<Slot> = []
    private var buckets: ContiguousArray<Int32>
    private var onTrial = UseList()
    private var kept = UseList()

    /// How many tokens had to make room for others.
    @usableFromInline private(set) var evictionCount: UInt64 = 0

    /// An empty index.
    ///
    /// - Parameters:
    ///   - capacity: the most tokens, at most 2^24.
    ///   - hashedByteCount: how many last bytes of a token are hashed.
    ///   - slack: how many others may have come to the front of the kept after a slot before using it moves it there again;
    ///     left out, a quarter of the kept.
    init(capacity: Int, hashedByteCount: Int = 16, slack: Int? = nil) {
        self.capacity = min(max(capacity, 0), 1 << 24)
        keptCapacity = Self.keptCapacity(of: self.capacity)
        self.hashedByteCount = hashedByteCount
        self.slack = UInt64(clamping: slack ?? keptCapacity / 4)
        var bucketCount = 1
        while bucketCount < self.capacity { bucketCount *= 2 }
        buckets = ContiguousArray(repeating: Self.none, count: bucketCount)
    }

    /// How many of `capacity` tokens can be kept: four fifths, and always one less than all.
    static func keptCapacity(of capacity: Int) -> Int {
        max(0, capacity - max(1, capacity / 5))
    }

    /// The slot of a token, which is kept from now on.
    @usableFromInline
    mutating func use(_ token: UnsafeRawBufferPointer) -> Int? {
        guard let slot = slot(of: token, hash: hash(token)) else { return nil }
        markUsed(slot)
        return slot
    }

    /// The slot for a token: the one it has, a new one, or that of the oldest on trial; nil when there is no room at all.
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
            // The kept never fill the whole capacity, so somebody is on trial.
            slot = Int(onTrial.oldest)
            removeFromBucket(slot)
            removeFromUseList(slot)
            slots[slot] = entry
            evictionCount &+= 1
        }
        addToBucket(slot)
        addAsNewest(slot, isKept: false)
        return slot
    }

    /// Forgets all tokens.
    @usableFromInline
    mutating func removeAll() {
        slots.removeAll()
        for bucket in buckets.indices { buckets[bucket] = Self.none }
        onTrial = UseList()
        kept = UseList()
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
        if slots[slot].isKept {
            guard moveCount &- slots[slot].movedAt > slack else { return }
        }
        removeFromUseList(slot)
        addAsNewest(slot, isKept: keptCapacity > 0)
        guard kept.count > keptCapacity else { return }
        let oldest = Int(kept.oldest)
        removeFromUseList(oldest)
        addAsNewest(oldest, isKept: false)
    }

    private mutating func addAsNewest(_ slot: Int, isKept: Bool) {
        var list = isKept ? kept : onTrial
        slots[slot].isKept = isKept
        if isKept {
            moveCount &+= 1
            slots[slot].movedAt = moveCount
        }
        slots[slot].newer = Self.none
        slots[slot].older = list.newest
        if list.newest == Self.none {
            list.oldest = Int32(slot)
        } else {
            slots[Int(list.newest)].newer = Int32(slot)
        }
        list.newest = Int32(slot)
        list.count += 1
        if isKept { kept = list } else { onTrial = list }
    }

    private mutating func removeFromUseList(_ slot: Int) {
        let isKept = slots[slot].isKept
        var list = isKept ? kept : onTrial
        let newer = slots[slot].newer
        let older = slots[slot].older
        if newer == Self.none { list.newest = older } else { slots[Int(newer)].older = older }
        if older == Self.none { list.oldest = newer } else { slots[Int(older)].newer = newer }
        list.count -= 1
        if isKept { kept = list } else { onTrial = list }
    }
}
