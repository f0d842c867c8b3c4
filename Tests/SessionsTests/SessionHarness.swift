import JOSE
import LibCrypto
import RedisClient
import Revocation
import Sessions
import StoreTestSupport
import Synchronization
import Testing

/// A wall clock that a test sets.
final class TestClock: Sendable {
    private let value = Mutex<Int64>(1_700_000_000_500)

    var milliseconds: Int64 { value.withLock { $0 } }

    func advance(bySeconds seconds: Int64) { advance(byMilliseconds: seconds * 1000) }

    func advance(byMilliseconds milliseconds: Int64) { value.withLock { $0 += milliseconds } }
}

/// Remembers what was audited.
final class AuditRecorder: Sendable {
    private let recorded = Mutex<[AuditEvent]>([])

    var events: [AuditEvent] { recorded.withLock { $0 } }

    func record(_ event: AuditEvent) { recorded.withLock { $0.append(event) } }
}

/// A session service over either store, with its deny-list.
struct SessionHarness: Sendable {
    enum Kind: CaseIterable, Sendable {
        case redis
        case inProcess
    }

    static let prefix = "p:"

    let clock = TestClock()
    let recorder = AuditRecorder()
    let policy: SessionPolicy
    let signingKeys: SigningKeys
    let service: SessionService
    let store: any SessionStore
    let writer: any RevocationWriter
    let fixture: RedisFixture?
    private let checkQuery: @Sendable (DenyListQuery) async throws -> RevocationVerdict

    private init(
        policy: SessionPolicy,
        store: any SessionStore,
        writer: any RevocationWriter,
        fixture: RedisFixture?,
        check: @escaping @Sendable (DenyListQuery) async throws -> RevocationVerdict
    ) throws {
        let key = try PrivateKey.generate(.elliptic(.p256))
        let bare = try JSONWebKey(material: .publicKey(key.publicKey), keyID: nil, algorithm: .es256)
        let keyID = bare.thumbprint()
        let published = try JSONWebKey(material: .publicKey(key.publicKey), keyID: keyID, algorithm: .es256)
        signingKeys = try SigningKeys(
            signer: try TokenSigner(key: key, keyID: keyID, algorithm: .es256),
            publicKeys: try JSONWebKeySet(keys: [published]),
            refreshKey: try Random.bytes(32)
        )
        self.policy = policy
        self.store = store
        self.writer = writer
        self.fixture = fixture
        checkQuery = check
        service = try SessionService(
            policy: policy,
            signingKeys: signingKeys,
            store: store,
            clock: { [clock] in clock.milliseconds },
            random: Self.randomness,
            audit: { [recorder] in recorder.record($0) }
        )
    }

    /// Unpredictable but for its end, so that no lot shortens the life of a token.
    static func randomness(_ count: Int) throws(SessionError) -> [UInt8] {
        try SessionService.unpredictableBytes(count).dropLast(2) + [0, 0]
    }

    static func policy(
        audiences: [String] = ["api"], grace: Int64 = 10, access: Int64 = 900, refresh: Int64 = 86_400,
        session: Int64 = 864_000, leeway: Int64 = 30
    ) -> SessionPolicy {
        SessionPolicy(
            issuer: "https://auth.example",
            audiences: audiences,
            accessLifetimeSeconds: access,
            refreshLifetimeSeconds: refresh,
            sessionLifetimeSeconds: session,
            rotationGraceSeconds: grace,
            leewaySeconds: leeway
        )
    }

    /// Runs a test body over one of the stores.
    static func with(
        _ kind: Kind, policy: SessionPolicy = policy(), _ body: (SessionHarness) async throws -> Void
    ) async throws {
        let keys = SessionKeys(prefix: prefix)
        switch kind {
        case .inProcess:
            let denyList = InProcessDenyList(keys: keys.revocation)
            let store = InProcessSessionStore(denyList: denyList)
            try await body(
                SessionHarness(policy: policy, store: store, writer: denyList, fixture: nil) {
                    denyList.verdict(for: $0)
                })
        case .redis:
            try await RedisFixture.with { fixture in
                let store = RedisSessionStore(client: fixture.client, keys: keys)
                let writer = RedisRevocationWriter(
                    client: fixture.client, keys: keys.revocation, lifetimes: policy.revocationLifetimes)
                try await body(
                    SessionHarness(policy: policy, store: store, writer: writer, fixture: fixture) {
                        try await fixture.verdict(for: $0)
                    })
            }
        }
    }

    func begin(_ subject: String = "alice", client: String = "web", scope: String = "a b") async throws
        -> IssuedTokens
    {
        try await service.begin(subject: subject, clientID: client, scope: try #require(Scope(scope)))
    }

    /// Verifies an access token as the gateway would.
    func verify(_ token: String) throws -> VerifiedToken {
        let issuer = TrustedIssuer(
            issuer: policy.issuer,
            audiences: policy.audiences,
            algorithms: [.es256],
            keys: signingKeys.publicKeys,
            requireType: true
        )
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: policy.leewaySeconds)
        return try verifier.verify(token, nowSeconds: clock.milliseconds / 1000)
    }

    /// What the deny-list says of an access token.
    func verdict(_ token: String) async throws -> RevocationVerdict {
        let verified = try verify(token)
        return try await verdict(
            token: verified.tokenID,
            session: verified.sessionID,
            subject: verified.subject,
            client: verified.clientID,
            issuedAt: TimeOrderedID.issueInstant(
                tokenID: verified.tokenID, issuedAtSeconds: verified.issuedAt.seconds, origin: .own)
        )
    }

    /// What the deny-list says of a token with these claims.
    func verdict(
        token: String, session: String?, subject: String, client: String?, issuedAt: Int64
    ) async throws -> RevocationVerdict {
        try await checkQuery(
            DenyListQuery(
                tokenID: token,
                sessionID: session,
                subject: subject,
                clientID: client,
                keyID: signingKeys.signer.keyID,
                origin: .own,
                issuedAtMilliseconds: issuedAt,
                keys: RevocationKeys(prefix: Self.prefix),
                forms: [.command, .names]
            )
        )
    }

    func revoke(_ target: RevocationTarget) async throws {
        let now = clock.milliseconds
        let revocation = policy.revocationLifetimes.revocation(of: target, nowMilliseconds: now, reason: "test")
        try await writer.revoke([revocation], nowMilliseconds: now)
    }

    /// Expects a refresh token to be refused for a reason.
    func expectRefused(
        _ refreshToken: String, _ reason: SessionError.Grant, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        await #expect(throws: SessionError.invalidGrant(reason), sourceLocation: sourceLocation) {
            try await service.refresh(refreshToken)
        }
    }
}
