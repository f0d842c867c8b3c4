import JOSE
import Logging
import Revocation
import Sessions
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@Suite("Ending sessions")
struct EndingTests {
    private typealias Harness = SessionHarness

    private func ended(_ tokens: IssuedTokens, _ harness: SessionHarness) throws -> EndedToken {
        let token = try harness.verify(tokens.accessToken)
        return EndedToken(tokenID: token.tokenID, expiresAtMilliseconds: token.expiresAt.seconds * 1000)
    }

    @Test(
        "logout by access token ends that session and no other, again is harmless",
        arguments: SessionHarness.Kind.allCases)
    func logOut(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let other = try await harness.begin()
            let newer = try await harness.service.refresh(first.refreshToken)
            for _ in 0..<2 {
                try await harness.service.logOut(sessionID: first.sessionID, token: ended(first, harness))
                #expect(try await harness.verdict(first.accessToken) == .revoked(.token))
                #expect(try await harness.verdict(newer.accessToken) == .revoked(.session))
                #expect(try await harness.verdict(other.accessToken) == .clear)
            }
            await harness.expectRefused(newer.refreshToken, .unknownSession)
            _ = try await harness.service.refresh(other.refreshToken)
            if let fixture = harness.fixture {
                #expect(try fixture.server.command("XLEN", "p:revocations") == "2")
                #expect(try fixture.server.command("EXISTS", "p:session:\(first.sessionID)") == "0")
            }
        }
    }

    @Test("logout by a refresh token of any generation ends its session", arguments: SessionHarness.Kind.allCases)
    func logOutByRefreshToken(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            let second = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: 60)
            #expect(try await harness.service.logOut(refreshToken: first.refreshToken) == first.sessionID)
            #expect(try await harness.service.logOut(refreshToken: first.refreshToken) == first.sessionID)
            #expect(try await harness.verdict(second.accessToken) == .revoked(.session))
            await harness.expectRefused(second.refreshToken, .unknownSession)
        }
    }

    @Test("somebody else's session cannot be ended and nothing changes", arguments: SessionHarness.Kind.allCases)
    func notOwner(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let tokens = try await harness.begin("alice")
            #expect(try await harness.service.end(sessionID: tokens.sessionID, ownedBy: "bob") == false)
            #expect(try await harness.service.end(sessionID: "no such", ownedBy: "bob") == false)
            try await harness.service.logOut(refreshToken: tokens.refreshToken, everywhere: true, ownedBy: "bob")
            #expect(try await harness.verdict(tokens.accessToken) == .clear)
            if let fixture = harness.fixture {
                #expect(try fixture.server.command("XLEN", "p:revocations") == "0")
            }
            #expect(try await harness.service.end(sessionID: tokens.sessionID, ownedBy: "alice"))
            #expect(try await harness.verdict(tokens.accessToken) == .revoked(.session))
        }
    }

    @Test("an administrator ends any session", arguments: SessionHarness.Kind.allCases)
    func administrator(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let tokens = try await harness.begin()
            #expect(try await harness.service.end(sessionID: tokens.sessionID, ownedBy: nil))
            #expect(try await harness.service.end(sessionID: tokens.sessionID, ownedBy: nil) == false)
            await harness.expectRefused(tokens.refreshToken, .unknownSession)
        }
    }

    @Test("ending all ends every session of the subject only", arguments: SessionHarness.Kind.allCases)
    func endAll(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            var mine: [IssuedTokens] = []
            for _ in 0..<3 { mine.append(try await harness.begin("alice")) }
            let other = try await harness.begin("bob")
            #expect(try await harness.service.sessions(of: "alice").sessions.count == 3)
            #expect(try await harness.service.endAll(subject: "alice", token: ended(mine[0], harness)) == 3)
            for tokens in mine {
                guard case .revoked = try await harness.verdict(tokens.accessToken) else {
                    Issue.record("an access token survived")
                    continue
                }
                await harness.expectRefused(tokens.refreshToken, .unknownSession)
            }
            #expect(try await harness.service.sessions(of: "alice").sessions.isEmpty)
            #expect(try await harness.service.endAll(subject: "alice") == 0)
            #expect(try await harness.verdict(other.accessToken) == .clear)
            _ = try await harness.service.refresh(other.refreshToken)
        }
    }

    @Test(
        "everywhere by the refresh token of a session that has ended works, once",
        arguments: SessionHarness.Kind.allCases)
    func everywhereAfterItsEnd(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let reused = try await harness.begin()
            _ = try await harness.service.refresh(reused.refreshToken)
            harness.clock.advance(bySeconds: 60)
            await harness.expectRefused(reused.refreshToken, .reused)
            let loggedOut = try await harness.begin()
            try await harness.service.logOut(refreshToken: loggedOut.refreshToken)
            for token in [reused.refreshToken, loggedOut.refreshToken] {
                let live = try await harness.begin()
                let others = try await harness.begin("bob")
                try await harness.service.logOut(refreshToken: token, everywhere: true, ownedBy: "bob")
                #expect(try await harness.verdict(live.accessToken) == .clear)
                try await harness.service.logOut(refreshToken: token, everywhere: true)
                #expect(try await harness.verdict(live.accessToken) == .revoked(.subject))
                await harness.expectRefused(live.refreshToken, .unknownSession)
                #expect(try await harness.verdict(others.accessToken) == .clear)
                // A copy of a dead token must not be a way to log somebody out for ever.
                let after = try await harness.begin()
                try await harness.service.logOut(refreshToken: token, everywhere: true)
                try await harness.service.logOut(refreshToken: live.refreshToken, everywhere: true)
                #expect(try await harness.verdict(after.accessToken) == .clear)
            }
        }
    }

    @Test(
        "whose an ended session was is known no longer than its refresh token would have been good",
        arguments: SessionHarness.Kind.allCases)
    func forgottenEnd(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let ended = try await harness.begin()
            try await harness.service.logOut(refreshToken: ended.refreshToken)
            if let server = harness.fixture?.server {
                let left = try #require(Int(server.command("PTTL", "p:ended:\(ended.sessionID)")))
                #expect((86_340_000...86_400_000).contains(left))
            }
            harness.clock.advance(bySeconds: 86_400)
            let live = try await harness.begin()
            try await harness.service.logOut(refreshToken: ended.refreshToken, everywhere: true)
            #expect(try await harness.verdict(live.accessToken) == .clear)
        }
    }

    @Test(
        "revoke-all then login in one millisecond, a thousand times: old refused, new accepted",
        arguments: SessionHarness.Kind.allCases)
    func sameMillisecond(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            var old = try await harness.begin()
            for round in 0..<1000 {
                switch round % 4 {
                case 0: try await harness.service.endAll(subject: "alice")
                case 1: try await harness.revoke(.subject("alice"))
                case 2: try await harness.revoke(.all)
                default: try await harness.revoke(.client("web"))
                }
                let new = try await harness.begin()
                guard case .revoked = try await harness.verdict(old.accessToken) else {
                    Issue.record("the old token survived round \(round)")
                    return
                }
                try #require(try await harness.verdict(new.accessToken) == .clear)
                old = new
            }
        }
    }

    @Test(
        "a cut-off ends sessions begun before it and spares those begun after", arguments: SessionHarness.Kind.allCases)
    func cutoffs(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            for target in [RevocationTarget.subject("alice"), .client("web"), .all] {
                let before = try await harness.begin()
                try await harness.revoke(target)
                let after = try await harness.begin()
                // Long after the access tokens' cut-off has gone, refresh tokens are still held to it.
                harness.clock.advance(bySeconds: 3600)
                try harness.fixture?.server.command(
                    "DEL", "p:revoked:sub:alice", "p:revoked:client:web", "p:revoked:all")
                await harness.expectRefused(before.refreshToken, .revoked)
                await harness.expectRefused(before.refreshToken, .unknownSession)
                _ = try await harness.service.refresh(after.refreshToken)
            }
        }
    }

    @Test("a session revoked by its id alone gives no more tokens", arguments: SessionHarness.Kind.allCases)
    func sessionMark(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let tokens = try await harness.begin()
            try await harness.revoke(.session(tokens.sessionID))
            #expect(try await harness.verdict(tokens.accessToken) == .revoked(.session))
            #expect(try await harness.service.sessions(of: "alice").sessions.isEmpty)
            harness.clock.advance(bySeconds: 3600)
            try harness.fixture?.server.command("DEL", "p:revoked:sid:\(tokens.sessionID)")
            await harness.expectRefused(tokens.refreshToken, .revoked)
        }
    }

    @Test("revoking the signing key spares tokens made after it", arguments: SessionHarness.Kind.allCases)
    func signingKey(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let first = try await harness.begin()
            try await harness.revoke(.key(harness.signingKeys.signer.keyID))
            #expect(try await harness.verdict(first.accessToken) == .revoked(.key))
            let second = try await harness.service.refresh(first.refreshToken)
            #expect(try await harness.verdict(second.accessToken) == .clear)
        }
    }

    @Test(
        "a token of a node with a fast clock falls to a cut-off of a node without",
        arguments: SessionHarness.Kind.allCases)
    func fastClock(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            harness.clock.advance(bySeconds: 20)
            let tokens = try await harness.begin()
            harness.clock.advance(bySeconds: -20)
            try await harness.service.endAll(subject: "alice")
            #expect(try await harness.verdict(tokens.accessToken) == .revoked(.subject))
            let next = try await harness.begin()
            #expect(try await harness.verdict(next.accessToken) == .clear)
        }
    }

    @Test("long and odd subjects and clients work like any other", arguments: SessionHarness.Kind.allCases)
    func oddNames(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            for name in [String(repeating: "x", count: 200), "übel", "a b:c"] {
                let tokens = try await harness.begin(name, client: name)
                let next = try await harness.service.refresh(tokens.refreshToken, clientID: name)
                #expect(next.subject == name)
                #expect(try harness.verify(next.accessToken).subject == name)
                #expect(try await harness.service.endAll(subject: name) == 1)
                #expect(try await harness.verdict(next.accessToken) == .revoked(.subject))
            }
        }
    }

    @Test("an end that the store does not confirm is kept to: refused by this node, and written as soon as it can be")
    func unconfirmed() async throws {
        try await Harness.with(.inProcess) { harness in
            let store = FaultyStore(harness.store)
            let recorder = RecordingWriter()
            let writer = PersistentRevocationWriter(
                inner: recorder, mirror: RevocationMirror(stalenessMilliseconds: 2_000), acknowledgement: nil,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                clock: { harness.clock.milliseconds })
            let service = try SessionService(
                policy: harness.policy, signingKeys: harness.signingKeys,
                store: RefusingSessionStore(store, writer: writer),
                clock: { harness.clock.milliseconds }, audit: { _ in })
            func fail(_ end: () async throws(SessionError) -> Void) async {
                store.next = .beforeWrite
                await #expect(throws: SessionError.unavailable) { try await end() }
            }
            let (own, other, third) = (try await harness.begin(), try await harness.begin(), try await harness.begin())
            let token = try ended(own, harness)
            // Not known to be his: nothing may be refused.
            await fail { () throws(SessionError) in try await service.end(sessionID: own.sessionID, ownedBy: "bob") }
            await fail { () throws(SessionError) in
                try await service.logOut(refreshToken: own.refreshToken, everywhere: true, ownedBy: "bob")
            }
            #expect(writer.pendingCount == 0)
            await fail { () throws(SessionError) in
                try await service.logOut(sessionID: own.sessionID, token: token)
            }
            await fail { () throws(SessionError) in try await service.logOut(refreshToken: other.refreshToken) }
            await fail { () throws(SessionError) in
                try await service.logOut(refreshToken: third.refreshToken, everywhere: true)
            }
            await fail { () throws(SessionError) in try await service.endAll(subject: "alice", token: nil) }
            let expected: Set<RevocationTarget> = [
                .session(own.sessionID), .token(jti: token.tokenID), .session(other.sessionID),
                .session(third.sessionID), .subject("alice"),
            ]
            let areWritten = await eventually { recorder.targets == expected }
            #expect(areWritten, "\(recorder.targets)")
            await writer.shutdown()
        }
    }

    @Test("a full store inside the process begins no more until sessions expire")
    func bounded() async throws {
        let denyList = InProcessDenyList(keys: RevocationKeys(prefix: "p:"))
        let store = InProcessSessionStore(denyList: denyList, maximumSessions: 2)
        try await Harness.with(.inProcess) { harness in
            let service = try SessionService(
                policy: harness.policy, signingKeys: harness.signingKeys, store: store,
                clock: { harness.clock.milliseconds }, audit: { _ in })
            for _ in 0..<2 { _ = try await service.begin(subject: "a", clientID: "c", scope: .none) }
            await #expect(throws: SessionError.unavailable) {
                try await service.begin(subject: "a", clientID: "c", scope: .none)
            }
            harness.clock.advance(bySeconds: 86_400)
            _ = try await service.begin(subject: "a", clientID: "c", scope: .none)
        }
    }
}

/// Remembers what it is told, and never succeeds.
private final class RecordingWriter: RevocationWriter {
    private let recorded = Mutex<[Revocation]>([])

    var targets: Set<RevocationTarget> { recorded.withLock { Set($0.map(\.target)) } }

    func revoke(_ revocations: [Revocation], nowMilliseconds: Int64) async throws(RevocationFailure) {
        recorded.withLock { $0 += revocations }
        throw .unavailable(detail: "test")
    }
}
