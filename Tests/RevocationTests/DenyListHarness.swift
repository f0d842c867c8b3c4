import Revocation
import StoreTestSupport

/// A deny-list with its writer, behind either store.
struct DenyListHarness: Sendable {
    enum Kind: CaseIterable, Sendable {
        case redis
        case inProcess
    }

    static let keys = RevocationKeys(prefix: "p:")
    static let lifetimes = RevocationLifetimes(
        accessMilliseconds: 900_000,
        foreignMilliseconds: 3_600_000,
        leewayMilliseconds: 30_000,
        sessionIdleMilliseconds: 86_400_000
    )
    static let now: Int64 = 1_700_000_000_500

    let writer: any RevocationWriter
    let check: @Sendable (DenyListQuery) async throws -> RevocationVerdict

    /// Runs a test body over one of the stores.
    static func with(_ kind: Kind, _ body: (DenyListHarness) async throws -> Void) async throws {
        switch kind {
        case .inProcess:
            let store = InProcessDenyList(keys: keys)
            try await body(DenyListHarness(writer: store) { store.verdict(for: $0) })
        case .redis:
            try await RedisFixture.with { fixture in
                let writer = RedisRevocationWriter(client: fixture.client, keys: keys, lifetimes: lifetimes)
                try await body(DenyListHarness(writer: writer) { try await fixture.verdict(for: $0) })
            }
        }
    }

    static func query(
        token: String = "j",
        session: String? = "s",
        subject: String = "alice",
        client: String? = "web",
        key: String? = "k",
        origin: TokenOrigin = .own,
        issuedAt: Int64 = now
    ) -> DenyListQuery {
        DenyListQuery(
            tokenID: token,
            sessionID: session,
            subject: subject,
            clientID: client,
            keyID: key,
            origin: origin,
            issuedAtMilliseconds: issuedAt,
            keys: keys,
            forms: [.command, .names]
        )
    }

    static func revocation(
        _ target: RevocationTarget, origin: TokenOrigin = .own, now: Int64 = now, tokenExpiresAt: Int64? = nil
    ) -> Revocation {
        lifetimes.revocation(
            of: target,
            origin: origin,
            tokenExpiresAtMilliseconds: tokenExpiresAt,
            nowMilliseconds: now,
            reason: "test"
        )
    }
}
