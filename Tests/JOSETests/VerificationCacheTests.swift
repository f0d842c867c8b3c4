import Testing

@testable import JOSE

@Suite("Verification cache")
struct VerificationCacheTests {
    /// The same rules, written for plainness: two lists, each with the most recently used at its end.
    private struct Model {
        let capacity: Int
        var onTrial: [(token: [UInt8], value: Int)] = []
        var kept: [(token: [UInt8], value: Int)] = []
        var hits: UInt64 = 0
        var misses: UInt64 = 0
        var evictions: UInt64 = 0

        var count: Int { onTrial.count + kept.count }

        mutating func value(for token: [UInt8]) -> Int? {
            guard let entry = remove(token) else {
                misses += 1
                return nil
            }
            hits += 1
            keep(entry)
            return entry.value
        }

        mutating func insert(_ token: [UInt8], _ value: Int) {
            guard capacity > 0 else { return }
            if remove(token) != nil { return keep((token, value)) }
            if count == capacity {
                onTrial.removeFirst()
                evictions += 1
            }
            onTrial.append((token, value))
        }

        private mutating func keep(_ entry: (token: [UInt8], value: Int)) {
            let keptCapacity = TokenIndex.keptCapacity(of: capacity)
            guard keptCapacity > 0 else { return onTrial.append(entry) }
            kept.append(entry)
            if kept.count > keptCapacity { onTrial.append(kept.removeFirst()) }
        }

        private mutating func remove(_ token: [UInt8]) -> (token: [UInt8], value: Int)? {
            if let place = onTrial.firstIndex(where: { $0.token == token }) { return onTrial.remove(at: place) }
            return kept.firstIndex { $0.token == token }.map { kept.remove(at: $0) }
        }
    }

    private func token(_ number: Int) -> [UInt8] {
        [UInt8]("header.payload-\(number).signature-of-\(number)-0123456789abcdef".utf8)
    }

    @Test(
        "random use agrees with a model, also when every token has the same hash",
        arguments: [
            (0, 16), (1, 16), (2, 16), (7, 16), (64, 16), (5, 0), (1, 0), (20, 3),
        ])
    func model(capacity: Int, hashedByteCount: Int) {
        var generator = SeededGenerator()
        let cache = VerificationCache<Int>(
            index: TokenIndex(capacity: capacity, hashedByteCount: hashedByteCount, slack: 0))
        var model = Model(capacity: capacity)
        for step in 0..<5_000 {
            let token = token(Int.random(in: 0..<(capacity * 2 + 3), using: &generator))
            switch Int.random(in: 0..<100, using: &generator) {
            case 0:
                cache.removeAll()
                (model.onTrial, model.kept) = ([], [])
            case 1..<40:
                token.withUnsafeBytes { cache.insert(token: $0, value: step) }
                model.insert(token, step)
            default:
                let value = token.withUnsafeBytes { cache.value(for: $0) }
                #expect(value == model.value(for: token), "seed \(generator.seed) step \(step)")
            }
            #expect(cache.count == model.count, "seed \(generator.seed) step \(step)")
            #expect(cache.count <= max(capacity, 0))
        }
        #expect(cache.hitCount == model.hits && cache.missCount == model.misses, "seed \(generator.seed)")
        #expect(cache.evictionCount == model.evictions, "seed \(generator.seed)")
    }

    @Test(
        "of the kept, what goes back on trial was not among the most recently used three quarters",
        arguments: [10, 16, 100])
    func slack(capacity: Int) {
        var generator = SeededGenerator()
        let cache = VerificationCache<Int>(capacity: capacity)
        let keptCapacity = TokenIndex.keptCapacity(of: capacity)
        // As many tokens as are safe whatever comes between: they are used in turn, each again before all others are.
        let hot = (0..<keptCapacity - keptCapacity / 4).map { token($0) }
        for token in hot + hot { use(token, of: cache) }
        for step in 0..<5_000 {
            // Others that come twice are kept for a while, one at a time.
            let other = token(1_000 + Int.random(in: 0..<capacity, using: &generator))
            use(other, of: cache)
            for token in hot { #expect(use(token, of: cache), "seed \(generator.seed) step \(step)") }
        }
    }

    @Test("a flood of distinct valid tokens evicts none of those in use, although these rest meanwhile")
    func flood() {
        let capacity = 1_000
        let cache = VerificationCache<Int>(capacity: capacity)
        let hot = (0..<TokenIndex.keptCapacity(of: capacity)).map { token($0) }
        for token in hot + hot { use(token, of: cache) }
        for number in 0..<20 * capacity { use(token(1_000_000 + number), of: cache) }
        #expect(cache.count == capacity)
        #expect(cache.evictionCount == UInt64(20 * capacity - (capacity - hot.count)))
        let survivors = hot.count { use($0, of: cache) }
        #expect(survivors == hot.count)
    }

    @Test(
        "a flood of tokens that each come twice evicts none that is used once in the time the flood needs for half the cache"
    )
    func patientFlood() {
        let capacity = 1_000
        let cache = VerificationCache<Int>(capacity: capacity)
        let hot = (0..<100).map { token($0) }
        for token in hot + hot { use(token, of: cache) }
        for number in 0..<20 * capacity {
            for _ in 0..<2 { use(token(1_000_000 + number), of: cache) }
            guard number % (capacity / 2) == 0 else { continue }
            for token in hot { #expect(use(token, of: cache), "after \(number)") }
        }
        #expect(cache.count == capacity)
    }

    @Test("what is not verified is never put in, so that tokens differing in their signature only count as misses")
    func forgeries() throws {
        let verifier = try TokenForge.verifier()
        let cache = VerificationCache<VerifiedToken>(capacity: 16)
        func judge(_ token: [UInt8]) {
            token.withUnsafeBytes { bytes in
                guard cache.value(for: bytes) == nil else { return }
                guard let verified = try? verifier.verify(bytes, nowSeconds: TokenForge.now) else { return }
                cache.insert(token: bytes, value: verified)
            }
        }
        let good = [UInt8](try TokenForge.token().utf8)
        judge(good)
        judge(good)
        for place in good.indices.suffix(80) {
            var forged = good
            forged[place] = forged[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            judge(forged)
        }
        #expect(cache.count == 1 && cache.evictionCount == 0)
        #expect(cache.hitCount == 1 && cache.missCount == 81)
    }

    @Test("after everything was forgotten, nothing is found, the counts go on, and there is room again")
    func emptied() {
        let cache = VerificationCache<Int>(capacity: 8)
        for number in 0..<8 { for _ in 0..<2 { use(token(number), of: cache) } }
        cache.removeAll()
        #expect(cache.count == 0 && cache.hitCount == 8 && cache.missCount == 8 && cache.evictionCount == 0)
        for number in 0..<8 { #expect(!use(token(number), of: cache)) }
        #expect(cache.count == 8 && cache.evictionCount == 0)
    }

    /// Looks a token up, and puts it in when it is not there.
    @discardableResult
    private func use(_ token: [UInt8], of cache: VerificationCache<Int>) -> Bool {
        token.withUnsafeBytes { bytes in
            if cache.value(for: bytes) != nil { return true }
            cache.insert(token: bytes, value: 0)
            return false
        }
    }

    @Test("a token that differs in one byte anywhere is another token")
    func wholeToken() {
        let cache = VerificationCache<Int>(capacity: 4)
        let token = token(1)
        token.withUnsafeBytes { cache.insert(token: $0, value: 1) }
        for place in token.indices {
            var other = token
            other[place] ^= 1
            #expect(other.withUnsafeBytes { cache.value(for: $0) } == nil)
        }
        #expect(token.dropLast().withUnsafeBytes { cache.value(for: $0) } == nil)
        #expect((token + [0]).withUnsafeBytes { cache.value(for: $0) } == nil)
        #expect(token.dropFirst().withUnsafeBytes { cache.value(for: $0) } == nil)
        #expect([].withUnsafeBytes { cache.value(for: $0) } == nil)
        #expect(token.withUnsafeBytes { cache.value(for: $0) } == 1)
    }

    @Test("the token is copied: its storage may be used again")
    func copies() {
        let cache = VerificationCache<Int>(capacity: 2)
        var storage = token(1)
        storage.withUnsafeBytes { cache.insert(token: $0, value: 1) }
        for place in storage.indices { storage[place] = 0 }
        #expect(token(1).withUnsafeBytes { cache.value(for: $0) } == 1)
        #expect(storage.withUnsafeBytes { cache.value(for: $0) } == nil)
    }

    @Test("values pushed out or replaced are let go")
    func release() {
        final class Canary {}
        let cache = VerificationCache<Canary>(capacity: 1)
        weak var first: Canary?
        weak var second: Canary?
        do {
            let canary = Canary()
            first = canary
            token(1).withUnsafeBytes { cache.insert(token: $0, value: canary) }
        }
        #expect(first != nil)
        do {
            let canary = Canary()
            second = canary
            token(2).withUnsafeBytes { cache.insert(token: $0, value: canary) }
        }
        #expect(first == nil)
        #expect(second != nil)
        cache.removeAll()
        #expect(second == nil)
    }
}
