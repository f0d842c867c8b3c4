import TestSupport
import Testing

@testable import Revocation

@Suite("Revocations in memory")
struct RevocationIndexTests {
    private let now: Int64 = 1_700_000_000_000

    private func entry(
        _ kind: RevocationKind, _ identifier: String, cutoff: Int64? = nil, until: Int64 = 1_700_000_900_000
    ) -> RevocationEntry {
        RevocationEntry(
            kind: kind, identifier: Array(identifier.utf8), cutoffMilliseconds: cutoff, untilMilliseconds: until)
    }

    private func query(token: String = "j", subject: String = "alice", issuedAt: Int64? = nil) -> DenyListQuery {
        DenyListQuery(
            tokenID: token, sessionID: "s", subject: subject, clientID: "web", keyID: "k", origin: .own,
            issuedAtMilliseconds: issuedAt ?? now, keys: RevocationKeys(prefix: "p:"), forms: .digests)
    }

    @Test("SipHash gives what its authors' reference gives")
    func referenceVectors() {
        let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        // The outputs for 0, 1, 15 and 63 bytes, read as two little-endian words.
        let expected: [(Int, UInt64, UInt64)] = [
            (0, 0xA381_7F04_BA25_A8E6, 0x6DF6_7214_C755_0293), (1, 0xDA87_C1D8_6B99_AF44, 0x3476_5911_9B22_FC45),
            (15, 0x5493_E999_33B0_A811, 0x7E08_EC0F_97CF_C3D9), (63, 0x5150_D177_2F50_834A, 0x503E_069A_973F_BD7C),
        ]
        for (count, first, second) in expected {
            let bytes = (0..<count).map { UInt8($0) }
            let digest = bytes.withUnsafeBytes { RevocationDigest.hash($0, key: key) }
            #expect(digest.high == first.byteSwapped)
            #expect(digest.low == second.byteSwapped)
        }
    }

    @Test("each kind refuses what it names, and nothing else")
    func kinds() {
        let marks: [(RevocationEntry, RevocationKind)] = [
            (entry(.token, "j"), .token), (entry(.session, "s"), .session),
            (entry(.subject, "alice", cutoff: now), .subject), (entry(.client, "web", cutoff: now), .client),
            (entry(.key, "k", cutoff: now), .key), (entry(.all, "", cutoff: now), .all),
        ]
        for (entry, kind) in marks {
            let index = RevocationIndex()
            let reader = RevocationIndexReader(index)
            #expect(reader.verdict(for: query()) == .clear)
            #expect(index.insert([entry], nowMilliseconds: now))
            #expect(reader.verdict(for: query()) == .revoked(kind))
            #expect(reader.verdict(for: query(issuedAt: now + 1)) == (kind.hasCutoff ? .clear : .revoked(kind)))
        }
    }

    @Test("a cut-off is never lowered")
    func cutoffs() {
        let index = RevocationIndex()
        let reader = RevocationIndexReader(index)
        _ = index.insert([entry(.subject, "alice", cutoff: now)], nowMilliseconds: now)
        _ = index.insert([entry(.subject, "alice", cutoff: now - 5000)], nowMilliseconds: now)
        #expect(reader.verdict(for: query(issuedAt: now)) == .revoked(.subject))
        _ = index.insert([entry(.subject, "alice", cutoff: now + 5000)], nowMilliseconds: now)
        #expect(reader.verdict(for: query(issuedAt: now + 5000)) == .revoked(.subject))
        #expect(reader.verdict(for: query(issuedAt: now + 5001)) == .clear)
        #expect(index.count == 1)
    }

    @Test("a question without digests is never answered with clear")
    func withoutDigests() {
        let index = RevocationIndex()
        let query = DenyListQuery(
            tokenID: "j", sessionID: nil, subject: "a", clientID: nil, keyID: nil, origin: .own,
            issuedAtMilliseconds: now, keys: RevocationKeys(prefix: "p:"), forms: .command)
        #expect(RevocationIndexReader(index).verdict(for: query) == .unavailable)
    }

    @Test("it grows, and a reader with an older table finds everything; what has expired leaves")
    func growth() {
        let index = RevocationIndex()
        let reader = RevocationIndexReader(index)
        _ = reader.verdict(for: query())
        for number in 0..<5000 {
            let until = number.isMultiple(of: 2) ? now + 1000 : now + 900_000
            _ = index.insert([entry(.token, "j\(number)", until: until)], nowMilliseconds: now)
        }
        #expect(index.count == 5000)
        #expect((0..<5000).allSatisfy { reader.verdict(for: query(token: "j\($0)")) == .revoked(.token) })
        #expect(reader.verdict(for: query(token: "other")) == .clear)
        index.removeExpired(nowMilliseconds: now + 2000)
        #expect(index.count == 2500)
        #expect(reader.verdict(for: query(token: "j1")) == .revoked(.token))
        #expect(reader.verdict(for: query(token: "j0")) == .clear)
    }

    @Test("a full one says so, and forgets nothing")
    func bound() {
        let index = RevocationIndex(maximumEntries: 10)
        let reader = RevocationIndexReader(index)
        let entries = (0..<11).map { entry(.token, "j\($0)") }
        #expect(!index.insert(entries, nowMilliseconds: now))
        #expect(index.count == 10)
        #expect(reader.verdict(for: query(token: "j9")) == .revoked(.token))
        #expect(index.insert([entry(.token, "j0", until: now + 5)], nowMilliseconds: now))
    }

    @Test("what goes in can be written out again")
    func roundTrip() {
        let index = RevocationIndex()
        let names = [
            "0190b6e8-7f3a-7c21-9abc-0123456789ab", "0190B6E8-7F3A-7C21-9ABC-0123456789AB", "x",
            String(repeating: "ab", count: 32), String(repeating: "n", count: 128),
            "0123456789abcdef:0190b6e8-7f3a-7c21-9abc-0123456789ab",
        ]
        var entries = names.map { entry(.token, $0) }
        entries += [entry(.subject, "alice", cutoff: now + 7), entry(.all, "", cutoff: now)]
        #expect(index.insert(entries, nowMilliseconds: now))
        var found: Set<RevocationEntry> = []
        var cursor: Int? = 0
        while let from = cursor {
            let page = index.entries(from: from, limit: 3, nowMilliseconds: now)
            found.formUnion(page.entries)
            cursor = page.next
        }
        #expect(found == Set(entries))
    }

    @Test("one writer and several readers at once: nobody misses what was written before it looked")
    func concurrency() async {
        let index = RevocationIndex()
        let now = now
        let written = Progress()
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                for number in 0..<20_000 {
                    let entry = RevocationEntry(
                        kind: .token, identifier: Array("j\(number)".utf8), cutoffMilliseconds: nil,
                        untilMilliseconds: now + (number % 3 == 0 ? 1 : 900_000))
                    _ = index.insert([entry], nowMilliseconds: now)
                    written.store(number)
                }
                return true
            }
            for seed in 1...2 {
                tasks.addTask {
                    var generator = SeededGenerator(seed: UInt64(seed))
                    let reader = RevocationIndexReader(index)
                    while written.value < 19_999 {
                        let last = written.value
                        guard last > 0 else { continue }
                        let number = Int.random(in: 0...last, using: &generator)
                        let query = DenyListQuery(
                            tokenID: "j\(number)", sessionID: nil, subject: "a", clientID: nil, keyID: nil,
                            origin: .own, issuedAtMilliseconds: now, keys: RevocationKeys(prefix: "p:"),
                            forms: .digests)
                        guard reader.verdict(for: query) == .revoked(.token) else { return false }
                    }
                    return true
                }
            }
            for await isRight in tasks { #expect(isRight) }
        }
    }
}
