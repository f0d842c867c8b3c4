import Testing

@testable import JOSE

@Suite("Verification cache")
struct VerificationCacheTests {
    /// The same rules, written for plainness: a list with the most recently used at its end.
    private struct Model {
        let capacity: Int
        var entries: [(token: [UInt8], value: Int)] = []

        mutating func value(for token: [UInt8]) -> Int? {
            guard let place = entries.firstIndex(where: { $0.token == token }) else { return nil }
            let entry = entries.remove(at: place)
            entries.append(entry)
            return entry.value
        }

        mutating func insert(_ token: [UInt8], _ value: Int) {
            guard capacity > 0 else { return }
            if let place = entries.firstIndex(where: { $0.token == token }) {
                entries.remove(at: place)
            } else if entries.count == capacity {
                entries.removeFirst()
            }
            entries.append((token, value))
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
                model.entries = []
            case 1..<40:
                token.withUnsafeBytes { cache.insert(token: $0, value: step) }
                model.insert(token, step)
            default:
                let value = token.withUnsafeBytes { cache.value(for: $0) }
                #expect(value == model.value(for: token), "seed \(generator.seed) step \(step)")
            }
            #expect(cache.count == model.entries.count, "seed \(generator.seed) step \(step)")
            #expect(cache.count <= max(capacity, 0))
        }
    }

    @Test("what is forgotten was not among the most recently used three quarters", arguments: [4, 5, 16, 100])
    func slack(capacity: Int) {
        var generator = SeededGenerator()
        let cache = VerificationCache<Int>(capacity: capacity)
        var recent = Model(capacity: capacity - capacity / 4)
        for step in 0..<5_000 {
            let token = token(Int.random(in: 0..<(capacity * 2), using: &generator))
            if token.withUnsafeBytes({ cache.value(for: $0) }) == nil {
                #expect(recent.value(for: token) == nil, "seed \(generator.seed) step \(step)")
                token.withUnsafeBytes { cache.insert(token: $0, value: step) }
            }
            recent.insert(token, step)
        }
        #expect(cache.count == capacity)
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
