/// What was found out about tokens, by the whole token.
///
/// Loop-bound, bounded, and forgets the least recently used first. Only verified tokens may be put in; failures are not
/// kept. Looking up allocates nothing.
package final class VerificationCache<Value> {
    @usableFromInline var index: TokenIndex
    @usableFromInline var values: ContiguousArray<Value> = []

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
        guard let slot = index.use(token) else { return nil }
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
