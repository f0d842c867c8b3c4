import JOSE
import Revocation
import Sessions
import StoreTestSupport
import TestSupport
import Testing

@Suite("Refreshing")
struct RotationTests {
    private typealias Harness = SessionHarness

    @Test("a login's tokens carry the claims of RFC 9068", arguments: SessionHarness.Kind.allCases)
    func claims(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let tokens = try await harness.begin()
            let token = try harness.verify(tokens.accessToken)
            #expect(token.issuer == "https://auth.example")
            #expect(token.subject == "alice")
            #expect(token.audiences == ["api"])
            #expect(token.clientID == "web")
            #expect(token.scope == "a b")
            #expect(token.sessionID == tokens.sessionID)
            #expect(token.issuedAt.seconds == 1_700_000_000)
            #expect(token.notBefore?.seconds == 1_700_000_000)
            #expect(token.expiresAt.seconds == 1_700_000_900)
            #expect(token.keyID == harness.signingKeys.signer.keyID)
            #expect(TimeOrderedID(token.tokenID)?.milliseconds == 1_700_000_000_500)
            #expect(tokens.expiresInSeconds == 900)
            #expect(tokens.refreshExpiresInSeconds == 86_400)
            #expect(try await harness.verdict(tokens.accessToken) == .clear)
            #expect(
                harness.recorder.events
                    == [.sessionBegan(session: tokens.sessionID, subject: "alice", clientID: "web")])
        }
    }

    @Test("one audience is a string, several are an array")
    func audience() async throws {
        func audience(_ audiences: [String]) async throws -> JSONValue? {
            var found: JSONValue?
            try await Harness.with(.inProcess, policy: Harness.policy(audiences: audiences)) { harness in
                let parts = try await harness.begin().accessToken.split(separator: ".")
                let bytes = try #require(Base64URL.decode(String(parts[1])))
                found = try JSONParser().parse(bytes)["aud"]
            }
            return found
        }
        #expect(try await audience(["api"]) == .string("api"))
        #expect(try await audience(["api", "web"]) == .array([.string("api"), .string("web")]))
    }

    @Test("refreshing gives a new pair and keeps the session", arguments: SessionHarness.Kind.allCases)
    func rotation(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            var tokens = try await harness.begin()
            for generation in 2...5 {
                harness.clock.advance(bySeconds: 60)
                let next = try await harness.service.refresh(tokens.refreshToken)
                #expect(next.refreshToken != tokens.refreshToken)
                #expect(next.sessionID == tokens.sessionID)
                #expect(next.subject == "alice")
                #expect(try harness.verify(next.accessToken).tokenID != harness.verify(tokens.accessToken).tokenID)
                let session = try await harness.service.sessions(of: "alice").sessions.first
                #expect(session?.generation == UInt32(generation))
                tokens = next
            }
        }
    }

    @Test("a retry within the grace gets the identical successor", arguments: SessionHarness.Kind.allCases)
    func grace(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let second = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(byMilliseconds: 9999)
            let again = try await harness.service.refresh(first.refreshToken)
            #expect(again.refreshToken == second.refreshToken)
            #expect(try await harness.verdict(again.accessToken) == .clear)
            #expect(try await harness.service.refresh(second.refreshToken).refreshToken != second.refreshToken)
        }
    }

    @Test("the grace is counted from the rotation, retries do not stretch it", arguments: SessionHarness.Kind.allCases)
    func graceDoesNotSlide(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            _ = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: 6)
            _ = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: 4)
            await harness.expectRefused(first.refreshToken, .reused)
        }
    }

    @Test("reuse after the grace kills the family and its live tokens", arguments: SessionHarness.Kind.allCases)
    func reuse(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let other = try await harness.begin()
            let first = try await harness.begin()
            let second = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: 10)
            await harness.expectRefused(first.refreshToken, .reused)
            #expect(try await harness.verdict(first.accessToken) == .revoked(.session))
            #expect(try await harness.verdict(second.accessToken) == .revoked(.session))
            await harness.expectRefused(second.refreshToken, .unknownSession)
            await harness.expectRefused(first.refreshToken, .unknownSession)
            #expect(try await harness.verdict(other.accessToken) == .clear)
            _ = try await harness.service.refresh(other.refreshToken)
            let expected = AuditEvent.reuseDetected(
                session: first.sessionID, subject: "alice", presentedGeneration: 1, currentGeneration: 2,
                sinceRotationMilliseconds: 10_000, sessionAgeMilliseconds: 10_000)
            #expect(harness.recorder.events.contains(expected))
        }
    }

    @Test("two generations back is reuse even within the grace", arguments: SessionHarness.Kind.allCases)
    func twoBack(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let second = try await harness.service.refresh(first.refreshToken)
            _ = try await harness.service.refresh(second.refreshToken)
            await harness.expectRefused(first.refreshToken, .reused)
        }
    }

    @Test("with no grace the second use is reuse, in the same millisecond too", arguments: SessionHarness.Kind.allCases)
    func noGrace(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind, policy: Harness.policy(grace: 0)) { harness in
            let first = try await harness.begin()
            _ = try await harness.service.refresh(first.refreshToken)
            await harness.expectRefused(first.refreshToken, .reused)
        }
    }

    @Test("a clock behind the one that rotated does not make a grace of none", arguments: SessionHarness.Kind.allCases)
    func clockBehind(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind, policy: Harness.policy(grace: 0)) { harness in
            let first = try await harness.begin()
            _ = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: -3)
            await harness.expectRefused(first.refreshToken, .reused)
        }
    }

    @Test("a generation the store never gave out ends the session", arguments: SessionHarness.Kind.allCases)
    func ahead(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let tokens = try await harness.begin()
            let sealer = try RefreshTokenSealer(keys: harness.signingKeys.refreshKeys, issuer: harness.policy.issuer)
            let future = try sealer.seal(RefreshToken(sessionID: tokens.sessionID, generation: 2))
            await harness.expectRefused(future, .ahead)
            await harness.expectRefused(tokens.refreshToken, .unknownSession)
            #expect(try await harness.verdict(tokens.accessToken) == .revoked(.session))
        }
    }

    @Test(
        "a thousand refreshes of one token rotate once and give one successor", arguments: SessionHarness.Kind.allCases)
    func parallel(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let successors = try await withThrowingTaskGroup(of: String.self) { tasks in
                for _ in 0..<1000 {
                    tasks.addTask { try await harness.service.refresh(first.refreshToken).refreshToken }
                }
                return try await tasks.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(successors.count == 1)
            #expect(successors.values.first == 1000)
            let rotations = harness.recorder.events.filter {
                if case .refreshed(_, _, _, isRetry: false, _) = $0 { true } else { false }
            }
            #expect(rotations.count == 1)
            #expect(try await harness.service.sessions(of: "alice").sessions.map(\.generation) == [2])
        }
    }

    @Test("an unused session ends, a used one lives on to its absolute end", arguments: SessionHarness.Kind.allCases)
    func lives(kind: SessionHarness.Kind) async throws {
        let policy = Harness.policy(refresh: 1000, session: 2500)
        try await Harness.with(kind, policy: policy) { harness in
            let idle = try await harness.begin()
            var tokens = try await harness.begin()
            harness.clock.advance(bySeconds: 999)
            tokens = try await harness.service.refresh(tokens.refreshToken)
            #expect(tokens.refreshExpiresInSeconds == 1000)
            harness.clock.advance(bySeconds: 1)
            await harness.expectRefused(idle.refreshToken, .expired)
            harness.clock.advance(bySeconds: 900)
            tokens = try await harness.service.refresh(tokens.refreshToken)
            #expect(tokens.refreshExpiresInSeconds == 600)
            #expect(tokens.expiresInSeconds == 600)
            harness.clock.advance(bySeconds: 599)
            tokens = try await harness.service.refresh(tokens.refreshToken)
            #expect(tokens.refreshExpiresInSeconds == 1)
            #expect(try harness.verify(tokens.accessToken).expiresAt.seconds == 1_700_002_500)
            harness.clock.advance(bySeconds: 1)
            await harness.expectRefused(tokens.refreshToken, .expired)
            #expect(try await harness.service.sessions(of: "alice").sessions.isEmpty)
        }
    }

    @Test("a narrower scope holds for one access token only", arguments: SessionHarness.Kind.allCases)
    func narrowing(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin(scope: "a b c")
            let narrow = try await harness.service.refresh(first.refreshToken, scope: "c a")
            #expect(narrow.scope == "c a")
            #expect(try harness.verify(narrow.accessToken).scope == "c a")
            let whole = try await harness.service.refresh(narrow.refreshToken, scope: "")
            #expect(whole.scope == "a b c")
        }
    }

    @Test("a wider or malformed scope is refused and uses nothing up", arguments: SessionHarness.Kind.allCases)
    func widening(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind, policy: Harness.policy(grace: 0)) { harness in
            let first = try await harness.begin(scope: "ab cd")
            for scope in ["a", "ab cd ef", "ab  cd", "AB", "b c", ".*", "a%w"] {
                await #expect(throws: SessionError.invalidScope) {
                    try await harness.service.refresh(first.refreshToken, scope: scope)
                }
            }
            _ = try await harness.service.refresh(first.refreshToken)
        }
    }

    @Test("another client's refresh token is refused and stays good", arguments: SessionHarness.Kind.allCases)
    func otherClient(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin(client: "web")
            await #expect(throws: SessionError.invalidGrant(.otherClient)) {
                try await harness.service.refresh(first.refreshToken, clientID: "cli")
            }
            _ = try await harness.service.refresh(first.refreshToken, clientID: "web")
        }
    }

    @Test("a forged token changes nothing and asks nothing", arguments: SessionHarness.Kind.allCases)
    func forged(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let sealer = try RefreshTokenSealer(key: [UInt8](repeating: 0, count: 32), issuer: harness.policy.issuer)
            let forged = try sealer.seal(RefreshToken(sessionID: first.sessionID, generation: 7))
            harness.fixture?.server.kill()
            await harness.expectRefused(forged, .forged)
            await harness.expectRefused("rt_", .malformed)
            #expect(try await harness.service.logOut(refreshToken: forged) == nil)
        }
    }

    @Test("after a change of the refresh key old tokens are forged", arguments: SessionHarness.Kind.allCases)
    func otherKeys(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            try harness.service.use(
                try SigningKeys(
                    signer: harness.signingKeys.signer,
                    publicKeys: harness.signingKeys.publicKeys,
                    refreshKey: [UInt8](repeating: 1, count: 32)
                )
            )
            await harness.expectRefused(first.refreshToken, .forged)
        }
    }

    @Test("a token without a session has no sid and obeys cut-offs", arguments: SessionHarness.Kind.allCases)
    func withoutSession(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.service.issueAccessToken(subject: "job", clientID: "job", scope: .none)
            #expect(try harness.verify(first.accessToken).sessionID == nil)
            try await harness.revoke(.client("job"))
            let second = try await harness.service.issueAccessToken(subject: "job", clientID: "job", scope: .none)
            #expect(try await harness.verdict(first.accessToken) == .revoked(.client))
            #expect(try await harness.verdict(second.accessToken) == .clear)
        }
    }
}
