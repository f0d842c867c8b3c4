import Synchronization

/// A hash table of fixed size that one writer fills while any number of threads read, without a lock.
///
/// Open addressing with places of four words: both halves of the digest, what the revocation refuses, and what only the
/// writer reads. A place is never emptied or given to another name, and what it refuses only grows; a table that has
/// become too full, or holds too much that has expired, is replaced by another as a whole. So a reader needs no more than
/// this: the first half of the digest is stored last, with release, and loaded first, with acquire. Whoever sees it sees
/// the rest of the place. Every word is an atomic, so there is no data race to reason about.
///
/// `@unchecked` because of the pointer, which is set once; what it points to are atomics.
final class RevocationTable: @unchecked Sendable {
    private static let wordsPerPlace = 4

    /// How many places it has, a power of two.
    let capacity: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let mask: Int

    /// Makes an empty one with at least this many places.
    init(minimumCapacity: Int) {
        var capacity = 1024
        while capacity < minimumCapacity { capacity *= 2 }
        self.capacity = capacity
        mask = capacity - 1
        words = .allocate(capacity: capacity * Self.wordsPerPlace)
        for index in 0..<capacity * Self.wordsPerPlace { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: capacity * Self.wordsPerPlace)
        words.deallocate()
    }

    /// How many bytes it takes.
    var byteCount: Int { capacity * Self.wordsPerPlace * MemoryLayout<UInt64>.size }

    /// How many names it may hold: beyond three quarters, searches become long.
    var maximumCount: Int { capacity / 4 * 3 }

    /// What a name refuses, as ``RevocationEntry/strength`` has it; 0 when it is not there.
    @inline(__always)
    func strength(of digest: RevocationDigest) -> UInt64 {
        var place = Int(truncatingIfNeeded: digest.low) & mask
        // There is always an empty place.
        while true {
            let word = words + place &* Self.wordsPerPlace
            let high = word[0].load(ordering: .acquiring)
            if high == digest.high, word[1].load(ordering: .relaxed) == digest.low {
                return word[2].load(ordering: .relaxed)
            }
            if high == 0 { return 0 }
            place = (place &+ 1) & mask
        }
    }

    /// The place of a name, or the empty one where it would be; for the writer.
    func place(of digest: RevocationDigest) -> (index: Int, isTaken: Bool) {
        var place = Int(truncatingIfNeeded: digest.low) & mask
        while true {
            let word = words + place * Self.wordsPerPlace
            let high = word[0].load(ordering: .relaxed)
            if high == 0 { return (place, false) }
            if high == digest.high, word[1].load(ordering: .relaxed) == digest.low { return (place, true) }
            place = (place + 1) & mask
        }
    }

    /// Takes an empty place; for the writer, which sees to it that there is always one more.
    func fill(_ index: Int, _ content: Content) {
        let word = words + index * Self.wordsPerPlace
        word[1].store(content.digest.low, ordering: .relaxed)
        word[2].store(content.strength, ordering: .relaxed)
        word[3].store(content.note, ordering: .relaxed)
        word[0].store(content.digest.high, ordering: .releasing)
    }

    /// Makes what stands at a place refuse at least as much, for at least as long; for the writer.
    func raise(_ index: Int, strength: UInt64, untilSeconds: UInt32) {
        let word = words + index * Self.wordsPerPlace
        if strength > word[2].load(ordering: .relaxed) { word[2].store(strength, ordering: .releasing) }
        let note = word[3].load(ordering: .relaxed)
        if untilSeconds > UInt32(note >> 32) {
            word[3].store(UInt64(untilSeconds) << 32 | note & 0xFFFF_FFFF, ordering: .relaxed)
        }
    }

    /// What stands at a place; for the writer.
    func content(at index: Int) -> Content? {
        let word = words + index * Self.wordsPerPlace
        let high = word[0].load(ordering: .relaxed)
        guard high != 0 else { return nil }
        let digest = RevocationDigest(high: high, low: word[1].load(ordering: .relaxed))
        return Content(
            digest: digest, strength: word[2].load(ordering: .relaxed), note: word[3].load(ordering: .relaxed))
    }

    /// One place.
    struct Content {
        let digest: RevocationDigest
        let strength: UInt64
        /// The second when it expires, and where its name is.
        let note: UInt64

        init(digest: RevocationDigest, strength: UInt64, note: UInt64) {
            self.digest = digest
            self.strength = strength
            self.note = note
        }

        init(digest: RevocationDigest, strength: UInt64, untilSeconds: UInt32, name: UInt32) {
            self.init(digest: digest, strength: strength, note: UInt64(untilSeconds) << 32 | UInt64(name))
        }

        var untilSeconds: UInt32 { UInt32(note >> 32) }
        var name: UInt32 { UInt32(truncatingIfNeeded: note) }
    }
}

extension RevocationDigest {
    /// The digest that stood in a table.
    fileprivate init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
