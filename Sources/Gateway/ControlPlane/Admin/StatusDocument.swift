import Foundation
import JOSE
import Proxy
import RedisClient
import Revocation
import Sessions

/// How the process does, for an administrator: never anything secret.
struct StatusDocument: Sendable {
    private let server: ProxyServer
    private let reloading: ConfigurationReloading
    private let redis: RedisClient?
    private let revocation: RevocationParts
    private let trust: TrustStore
    private let keyDirectory: SigningKeyDirectory?
    private let loopCount: Int
    private let clock: @Sendable () -> Int64
    private let startedMilliseconds: Int64
    /// Key files are read here, so that a slow disk holds up no other answer.
    private let queue = DispatchQueue(label: "portcullis.status")

    init(
        server: ProxyServer, reloading: ConfigurationReloading, redis: RedisClient?, revocation: RevocationParts,
        trust: TrustStore, keyDirectory: SigningKeyDirectory?, loopCount: Int, clock: @escaping @Sendable () -> Int64
    ) {
        self.server = server
        self.reloading = reloading
        self.redis = redis
        self.revocation = revocation
        self.trust = trust
        self.keyDirectory = keyDirectory
        self.loopCount = loopCount
        self.clock = clock
        startedMilliseconds = clock()
    }

    /// The document of this moment.
    func document() async -> JSONValue {
        let now = clock()
        var members: [(String, JSONValue)] = [
            ("version", .string(Version.current)), ("started", .integer(startedMilliseconds / 1000)),
            ("uptime", .integer(max(0, now - startedMilliseconds) / 1000)),
            ("event_loops", .integer(Int64(loopCount))), ("connections", .integer(Int64(server.connections))),
        ]
        let digest = await reloading.digest
        let report = await reloading.lastReport
        members.append(
            (
                "configuration",
                .object([
                    ("digest", digest.map { .string($0) } ?? .null),
                    ("last_reload", report.map { .object($0.members) } ?? .null),
                ])
            ))
        members.append(("redis", redisState))
        members.append(("mirror", mirrorState))
        members.append(("upstreams", .object(await upstreams())))
        members.append(("signing_keys", .array(await signingKeys(nowSeconds: now / 1000))))
        return .object(members)
    }

    private var redisState: JSONValue {
        guard let redis else { return .string("not configured") }
        return .object([
            ("up", .bool(redis.isReady)), ("lost_connections", .integer(Int64(redis.connectionLossCount))),
        ])
    }

    private var mirrorState: JSONValue {
        guard let mirror = revocation.mirror else { return .null }
        return .object([
            ("fresh", .bool(mirror.isFresh())), ("entries", .integer(Int64(mirror.index.count))),
            ("age_ms", mirror.age().map { .integer(Int64($0) / 1_000_000) } ?? .null),
        ])
    }

    private func upstreams() async -> [(String, JSONValue)] {
        await server.upstreamStatus().map { upstream in
            (upstream.name, .object(upstream.targets.map { ($0.name, .string(Self.word(for: $0.health))) }))
        }
    }

    private static func word(for health: UpstreamStatus.Health) -> String {
        switch health {
        case .unresolved: "unresolved"
        case .unchecked: "unchecked"
        case .unknown: "not checked yet"
        case .healthy: "healthy"
        case .unhealthy: "unhealthy"
        }
    }

    /// Of keys in a directory their age is known; of others, which keys verify.
    private func signingKeys(nowSeconds: Int64) async -> [JSONValue] {
        guard let keyDirectory else {
            return trust.current.keys(ofIssuer: reloading.ownIssuerPlace).keys.compactMap(\.keyID).map {
                .object([("kid", .string($0))])
            }
        }
        let keys = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: (try? keyDirectory.list(nowSeconds: nowSeconds)) ?? []) }
        }
        return keys.compactMap { key in
            guard case .accessTokens = key.purpose else { return nil }
            return .object([
                ("kid", .string(key.keyID)), ("state", .string(key.state.rawValue)),
                ("age", .integer(max(0, nowSeconds - key.createdSeconds))),
            ])
        }
    }
}
