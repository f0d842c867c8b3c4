import NIOCore
import RedisClient
import Revocation
import Testing

@Suite("Deny-list")
struct DenyListTests {
    private typealias Harness = DenyListHarness

    @Test(
        "nothing revoked is clear, each kind revokes what it names and nothing else", arguments: Harness.Kind.allCases)
    func kinds(kind: DenyListHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            #expect(try await harness.check(Harness.query()) == .clear)
            let cases: [(RevocationTarget, DenyListQuery, DenyListQuery)] = [
                (.token(jti: "j1"), Harness.query(token: "j1"), Harness.query(token: "j2")),
                (.session("s1"), Harness.query(session: "s1"), Harness.query(session: nil)),
                (.subject("bob"), Harness.query(subject: "bob"), Harness.query(subject: "carol")),
                (.client("cli"), Harness.query(client: "cli"), Harness.query(client: nil)),
                (.key("k1"), Harness.query(key: "k1"), Harness.query(key: nil)),
            ]
            for (target, hit, miss) in cases {
                try await harness.writer.revoke([Harness.revocation(target)], nowMilliseconds: Harness.now)
                #expect(try await harness.check(hit) == .revoked(target.kind))
                #expect(try await harness.check(miss) == .clear)
            }
            try await harness.writer.revoke([Harness.revocation(.all)], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query(token: "j2")) == .revoked(.all))
        }
    }

    @Test("a cut-off refuses its own millisecond and spares the next", arguments: DenyListHarness.Kind.allCases)
    func cutoffEdge(kind: DenyListHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            try await harness.writer.revoke([Harness.revocation(.subject("alice"))], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query(issuedAt: Harness.now)) == .revoked(.subject))
            #expect(try await harness.check(Harness.query(issuedAt: Harness.now + 1)) == .clear)
        }
    }

    @Test("a cut-off is never lowered", arguments: DenyListHarness.Kind.allCases)
    func neverLowered(kind: DenyListHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let earlier = Harness.now - 5000
            try await harness.writer.revoke([Harness.revocation(.all)], nowMilliseconds: Harness.now)
            try await harness.writer.revoke([Harness.revocation(.all, now: earlier)], nowMilliseconds: earlier)
            #expect(try await harness.check(Harness.query(issuedAt: Harness.now)) == .revoked(.all))
        }
    }

    @Test(
        "another issuer's names are apart from ours, but all is everybody's", arguments: DenyListHarness.Kind.allCases)
    func foreign(kind: DenyListHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let origin = TokenOrigin.foreign(issuer: "https://idp.example")
            let other = TokenOrigin.foreign(issuer: "https://other.example")
            try await harness.writer.revoke(
                [Harness.revocation(.subject("alice"), origin: origin)], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query(origin: origin)) == .revoked(.subject))
            #expect(try await harness.check(Harness.query(origin: other)) == .clear)
            #expect(try await harness.check(Harness.query()) == .clear)
            try await harness.writer.revoke([Harness.revocation(.all)], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query(origin: other)) == .revoked(.all))
        }
    }

    @Test("a revocation past its time changes nothing and succeeds", arguments: DenyListHarness.Kind.allCases)
    func past(kind: DenyListHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let over = Harness.revocation(.token(jti: "j"), tokenExpiresAt: Harness.now - 30_000)
            try await harness.writer.revoke([over], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query()) == .clear)
            let last = Harness.revocation(.token(jti: "j"), tokenExpiresAt: Harness.now - 20_000)
            try await harness.writer.revoke([over, last], nowMilliseconds: Harness.now)
            #expect(try await harness.check(Harness.query()) == .revoked(.token))
        }
    }

    @Test("a full store inside the process refuses to forget, and makes room of what has expired")
    func bounded() throws {
        let store = InProcessDenyList(keys: Harness.keys, maximumEntries: 3)
        func revoke(_ jti: String, now: Int64) throws(RevocationFailure) {
            try store.record(
                [Harness.revocation(.token(jti: jti), tokenExpiresAt: now + 1000)], nowMilliseconds: now)
        }
        for jti in ["a", "b", "c"] { try revoke(jti, now: Harness.now) }
        #expect(throws: RevocationFailure.storeFull) { try revoke("d", now: Harness.now) }
        #expect(store.verdict(for: Harness.query(token: "a")) == .revoked(.token))
        try revoke("d", now: Harness.now + 31_000)
        #expect(store.count == 1)
        #expect(store.verdict(for: Harness.query(token: "d")) == .revoked(.token))
    }

    @Test("a batch that does not fit is not written in part")
    func batchBound() {
        let store = InProcessDenyList(keys: Harness.keys, maximumEntries: 1)
        let batch = [Harness.revocation(.token(jti: "a")), Harness.revocation(.token(jti: "b"))]
        #expect(throws: RevocationFailure.storeFull) { try store.record(batch, nowMilliseconds: Harness.now) }
        #expect(store.verdict(for: Harness.query(token: "a")) == .clear)
    }

    @Test("a query without key names is unavailable to the store inside the process, not clear")
    func wrongForm() {
        let query = DenyListQuery(
            tokenID: "j", sessionID: nil, subject: "a", clientID: nil, keyID: nil, origin: .own,
            issuedAtMilliseconds: 0, keys: Harness.keys)
        #expect(InProcessDenyList(keys: Harness.keys).verdict(for: query) == .unavailable)
    }

    @Test("the question is what hiredis makes of it, for names of every length, and so are its digests")
    func sameAsLibrary() {
        let texts = [
            "j", "", "alice@example", String(repeating: "x", count: 128), String(repeating: "y", count: 129), "ü",
        ]
        for text in texts {
            for origin in [TokenOrigin.own, .foreign(issuer: "https://idp.example")] {
                for keys in [Harness.keys, RevocationKeys(prefix: String(repeating: "p", count: 60) + ":")] {
                    let targets: [RevocationTarget] = [
                        .token(jti: text), .session("s"), .subject(text), .client("web"), .key(text), .all,
                    ]
                    let query = DenyListQuery(
                        targets: targets, origin: origin, issuedAtMilliseconds: 0, keys: keys,
                        forms: [.command, .digests, .names])
                    let names = targets.map { keys.key(of: $0, origin: origin) }
                    #expect(
                        query.command == Array(RedisCommand.encode(["MGET"] + names + [keys.epoch]).readableBytesView))
                    #expect(query.names == names.map { Array($0.utf8) })
                    #expect(query.digests == targets.map { RevocationDigest($0, origin: origin) })
                    #expect(query.kinds == targets.map(\.kind))
                }
            }
        }
    }

    @Test("the encoded question asks for every key in order")
    func encoding() {
        let text = String(decoding: Harness.query(session: nil, key: nil).command, as: UTF8.self)
        let arguments = [
            "MGET", "p:revoked:jti:j", "p:revoked:sub:alice", "p:revoked:client:web", "p:revoked:all", "p:epoch",
        ]
        #expect(text == "*6\r\n" + arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
    }
}

@Suite("Deny-list evaluation")
struct DenyListEvaluationTests {
    private func verdict(_ answers: [(RevocationKind, String)], issuedAt: Int64 = 100) -> RevocationVerdict {
        var evaluation = DenyListEvaluation(issuedAtMilliseconds: issuedAt)
        for (kind, value) in answers {
            Array(value.utf8).withUnsafeBytes { evaluation.add(kind, value: $0) }
        }
        return evaluation.verdict
    }

    @Test("a mark revokes whatever its value", arguments: ["1", "", "0", "x"])
    func marks(value: String) {
        #expect(verdict([(.token, value)]) == .revoked(.token))
        #expect(verdict([(.session, value)]) == .revoked(.session))
    }

    @Test(
        "a cut-off that is no strict decimal is never clear",
        arguments: ["", "x", "-1", "01", "99 ", "1e9", "99999999999999999999"]
    )
    func corrupt(value: String) {
        for kind in RevocationKind.allCases where kind.hasCutoff {
            #expect(verdict([(kind, value)]) == .unavailable)
        }
    }

    @Test("revoked by one key stays revoked beside an unintelligible one, in either order")
    func precedence() {
        #expect(verdict([(.subject, "x"), (.all, "100")]) == .revoked(.all))
        #expect(verdict([(.token, "1"), (.all, "x")]) == .revoked(.token))
        #expect(verdict([(.subject, "x"), (.all, "99")]) == .unavailable)
    }
}
