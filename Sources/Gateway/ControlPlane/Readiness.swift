import JOSE
import NIOCore
import NIOPosix
import Proxy
import RedisClient

/// Finds out whether the gateway can do its work: Redis answers, and of each upstream at least one target does.
actor Readiness {
    /// What was found.
    struct Report: Sendable {
        var isReady: Bool
        var document: JSONValue
    }

    /// How long a report holds, so that a busy prober costs the upstreams one connection a second.
    private static let holdsFor = Duration.seconds(1)
    private static let connectTimeout = TimeAmount.seconds(1)

    private let redis: RedisClient?
    private let upstreams: [Upstream]
    private let group: any EventLoopGroup
    private var last: (report: Report, at: ContinuousClock.Instant)?

    init(redis: RedisClient?, upstreams: [Upstream], group: any EventLoopGroup) {
        self.redis = redis
        self.upstreams = upstreams
        self.group = group
    }

    /// The state of everything the gateway needs, each by its name.
    func report() async -> Report {
        if let last, ContinuousClock.now - last.at < Self.holdsFor { return last.report }
        var isReady = true
        var members: [(String, JSONValue)] = []
        if let redis {
            let answers = await Self.answers(redis)
            isReady = isReady && answers
            members.append(("redis", .string(answers ? "ok" : "unreachable")))
        } else {
            members.append(("redis", .string("not configured")))
        }
        var states: [(String, JSONValue)] = []
        for upstream in upstreams {
            var targets: [(String, JSONValue)] = []
            var reachable = 0
            for target in upstream.targets {
                let isReachable = await reaches(target)
                if isReachable { reachable += 1 }
                targets.append(("\(target.host):\(target.port)", .string(isReachable ? "ok" : "unreachable")))
            }
            isReady = isReady && reachable > 0
            states.append((upstream.name, .object(targets)))
        }
        members.append(("upstreams", .object(states)))
        members.insert(("status", .string(isReady ? "ready" : "not ready")), at: 0)
        let report = Report(isReady: isReady, document: .object(members))
        last = (report, .now)
        return report
    }

    private static func answers(_ redis: RedisClient) async -> Bool {
        guard let reply = try? await redis.execute("PING") else { return false }
        return reply == .status("PONG")
    }

    private func reaches(_ target: Upstream.Target) async -> Bool {
        let bootstrap = ClientBootstrap(group: group).connectTimeout(Self.connectTimeout)
        guard let channel = try? await bootstrap.connect(host: target.host, port: target.port).get() else {
            return false
        }
        try? await channel.close()
        return true
    }
}
