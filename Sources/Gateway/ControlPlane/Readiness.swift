import JOSE
import NIOCore
import NIOPosix
import Proxy
import RedisClient
import Revocation

/// Finds out whether the gateway can do its work: Redis answers what requests ask it, and of each upstream at least one target is well.
///
/// Health checks say who is; where there are none, a target is well when it takes a connection.
actor Readiness {
    /// What was found.
    struct Report: Sendable {
        var isReady: Bool
        var document: JSONValue
    }

    /// How long a report holds, so that a busy prober costs the upstreams one connection a second.
    private static let holdsFor = Duration.seconds(1)
    private static let connectTimeout = TimeAmount.seconds(1)
    private static let well = "ok"

    private let redis: RedisClient?
    private let probe: [[UInt8]]
    private let mirror: RevocationMirror?
    private let server: ProxyServer
    private let group: any EventLoopGroup
    private var last: (report: Report, at: ContinuousClock.Instant)?

    /// - Parameters:
    ///   - redis: what is asked.
    ///   - keys: the names in the deny-list.
    ///   - mirror: knows whether Redis may be believed.
    ///   - server: who knows the upstreams.
    ///   - group: where targets are connected to.
    init(
        redis: RedisClient?, keys: RevocationKeys, mirror: RevocationMirror?, server: ProxyServer,
        group: any EventLoopGroup
    ) {
        self.redis = redis
        self.mirror = mirror
        // As requests ask it: a user who may PING but not read the deny-list can do no work.
        probe = ["MGET", keys.allKey].map { Array($0.utf8) }
        self.server = server
        self.group = group
    }

    /// The state of everything the gateway needs, each by its name.
    func report() async -> Report {
        if let last, ContinuousClock.now - last.at < Self.holdsFor { return last.report }
        var isReady = true
        var members: [(String, JSONValue)] = []
        if let redis {
            let state = await state(of: redis)
            isReady = isReady && state == Self.well
            members.append(("redis", .string(state)))
            members.append(("redis_nodes", .object(Self.nodes(of: redis, primaryState: state))))
        } else {
            members.append(("redis", .string("not configured")))
        }
        var states: [(String, JSONValue)] = []
        for upstream in await server.upstreamStatus() {
            var targets: [(String, JSONValue)] = []
            var isServed = false
            for target in upstream.targets {
                let state = await state(of: target)
                if state == Self.well { isServed = true }
                targets.append((target.name, .string(state)))
            }
            isReady = isReady && isServed
            states.append((upstream.name, .object(targets)))
        }
        members.append(("upstreams", .object(states)))
        members.insert(("status", .string(isReady ? "ready" : "not ready")), at: 0)
        let report = Report(isReady: isReady, document: .object(members))
        last = (report, .now)
        return report
    }

    private func state(of redis: RedisClient) async -> String {
        do throws(RedisFailure) {
            guard case .array(let values) = try await redis.execute(probe), values.count == 1 else { return "refuses" }
            // At the start, and when Redis has lost its data, until it has been filled again.
            if let mirror, !mirror.isTrusting { return "not trusted yet" }
            return Self.well
        } catch {
            // The code is one word of the server's, such as NOPERM or LOADING.
            if case .server(let code) = error { return "refuses: \(code)" }
            return "unreachable"
        }
    }

    /// The server that is asked, and the sentinels or nodes that say which it is.
    ///
    /// Of those one is enough, and without any the last server known is asked on: they make nothing unready.
    private static func nodes(of redis: RedisClient, primaryState: String) -> [(String, JSONValue)] {
        var nodes: [(String, JSONValue)] = []
        if let primary = redis.primary {
            nodes.append(("\(primary)", .string(primaryState)))
        }
        for source in redis.sourceStates where source.endpoint != redis.primary {
            nodes.append(("\(source.endpoint)", .string(source.isReady ? well : "unreachable")))
        }
        return nodes
    }

    private func state(of target: UpstreamStatus.Target) async -> String {
        switch target.health {
        case .healthy: return Self.well
        case .unhealthy: return "unhealthy"
        case .unknown: return "not checked yet"
        case .unresolved: return "unresolved"
        case .unchecked:
            for address in target.addresses where await reaches(address) { return Self.well }
            return "unreachable"
        }
    }

    private func reaches(_ address: SocketAddress) async -> Bool {
        let bootstrap = ClientBootstrap(group: group).connectTimeout(Self.connectTimeout)
        guard let channel = try? await bootstrap.connect(to: address).get() else { return false }
        try? await channel.close()
        return true
    }
}
