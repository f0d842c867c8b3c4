/// What was found out about tokens, by the whole token.
///
/// Loop-bound and bounded. A token that comes a second time is kept before those that came once, and the least recently used
/// is forgotten first, so that a flood of new tokens does not push out those in use. Only verified tokens may be put in;
/// failures are not kept. Looking up allocates nothing.
package final class VerificationCache<Value> {
    @usableFromInline var index: TokenIndex
    @usableFromInline var values: ContiguousArray<Value> = []

    @usableFromInline var hits: UInt64 = 0
    @usableFromInline var misses: UInt64 = 0

    /// How often a token was found.
    package var hitCount: UInt64 { hits }
    /// How often a token was not found.
    package var missCount: UInt64 { misses }
    /// How many tokens had to make room for others; what ``removeAll()`` forgets does not count.
    package var evictionCount: UInt64 { index.evictionCount }

    /// An empty cache.
    ///
    /// - Parameter capacity: the most entries kept, at most 2^24; 0 keeps none.
    package convenience init(capacity: Int) {
        self.init(index: TokenIndex(capacity: capacity))
    }

    /// An empty cache for texts that anybody can choose: all of their bytes are hashed.
    ///
    /// - Parameters:
    ///   - capacity: the most entries kept, at most 2^24.
    ///   - hashedByteCount: how many last bytes are hashed.
    package convenience init(capacity: Int, hashedByteCount: Int) {
        self.init(index: TokenIndex(capacity: capacity, hashedByteCount: hashedByteCount))
    }

    /// Takes the index, so that tests can choose one in which tokens collide.
    init(index: TokenIndex) {
        self.index = index
    }

    /// How many tokens are remembered.
    package var count: Int { values.count }

    /// What was kept for the token, which becomes the most recently used.
    @inlinable
    package func value(for token: UnsafeRawBufferPointer) -> Value? {
        guard let slot = index.use(token) else {
            misses &+= 1
            return nil
        }
        hits &+= 1
        return values[slot]
    }

    /// Keeps a value for a verified token, in the place of an earlier one or of the least recently used.
    @inlinable
    package func insert(token: UnsafeRawBufferPointer, value: Value) {
        guard let slot = index.insert(token) else { return }
        if slot < values.count {
            values[slot] = value
        } else {
            values.append(value)
        }
    }

    /// Forgets everything, as when the keys have changed.
    @inlinable
    package func removeAll() {
        index.removeAll()
        values.removeAll()
    }
}
