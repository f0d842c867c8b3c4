import Foundation
import GatewayConfiguration
import NIOCore
import RedisClient

/// Whether Redis can be reached, may be used, and keeps what it is given.
struct RedisExamination: Sendable {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func findings() async -> [Finding] {
        // That there is none is said as a matter of the configuration.
        guard let settings = configuration.redis else { return [] }
        var redis: RedisConfiguration
        do throws(GatewayError) {
            redis = try RedisConfiguration(settings)
        } catch {
            return [Finding(.problem, "redis.connection", error.description)]
        }
        redis.connectTimeout = .milliseconds(min(settings.connectTimeoutMilliseconds, Doctor.patienceMilliseconds))
        redis.commandTimeout = .seconds(1)
        return await RedisErrand.run(redis, patienceMilliseconds: Doctor.patienceMilliseconds) { client in
            guard client.isReady else { return [Self.unreached(client)] }
            let name = client.primary.map { "\($0)" } ?? "the primary"
            var findings = [Finding(.ok, "redis.connection", "\(name) is reached and lets the gateway in")]
            findings += Self.sources(client)
            findings += await facts(client)
            findings.append(await RedisPermissions.finding(client, settings, configuration.revocation))
            findings += await times(client, settings)
            return findings
        }
    }

    private static func unreached(_ client: RedisClient) -> Finding {
        let name = client.primary.map { "\($0)" } ?? "no sentinel or node names a primary"
        let text =
            switch client.lastFailure {
            case .server(let code) where ["WRONGPASS", "NOAUTH", "ERR"].contains(code):
                "it refuses the user or the password (\(code)): correct them in redis"
            case .server("NOPERM"):
                "the user may not do what each connection begins with: give it the commands of "
                    + "deploy/redis/users.acl"
            case .server(let code): "it answers \(code): look into its log"
            case .tlsFailed:
                "TLS cannot be agreed on: the certificate must be of the system's authorities or of redis.tls.ca, and "
                    + "for the host or redis.tls.server_name"
            case .timedOut: "no answer in time: is a firewall between, or is it overloaded?"
            case .protocolViolation: "what answers is no Redis, or wants TLS (rediss://): correct redis.url"
            default: "no connection can be made: start it, or correct redis.url"
            }
        return Finding(.problem, "redis.connection", "\(name): \(text)")
    }

    private static func sources(_ client: RedisClient) -> [Finding] {
        client.sourceStates.filter { !$0.isReady }.map {
            Finding(.warning, "redis.connection", "\($0.endpoint), which is to say who the primary is, is not reached")
        }
    }

    // MARK: - How it is set up

    private func facts(_ client: RedisClient) async -> [Finding] {
        guard let info = try? await client.execute("INFO"), let text = info.text else {
            return [
                Finding(
                    .warning, "redis.version",
                    "the user may not ask INFO, so version, persistence and eviction are not checked: give it +info")
            ]
        }
        return Self.findings(
            RedisAdvice.fields(of: text), savesSnapshots: await RedisAdvice.savesSnapshots(client),
            minimumReplicas: configuration.revocation.minimumReplicas)
    }

    /// Judges what `INFO` says.
    static func findings(_ fields: [String: String], savesSnapshots: Bool?, minimumReplicas: Int) -> [Finding] {
        let version = fields["redis_version"] ?? "unknown"
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        let isRecent = numbers.count >= 2 && (numbers[0], numbers[1]) >= (6, 2)
        var findings = [
            Finding(
                isRecent ? .ok : .problem, "redis.version",
                "version \(version)" + (isRecent ? "" : "; 6.2 or newer is needed"))
        ]
        let warnings = RedisAdvice.warnings(fields, savesSnapshots: savesSnapshots)
        let subjects: [(RedisAdvice.Subject, String, Finding.Verdict, String)] = [
            (.eviction, "redis.eviction", .problem, "nothing is evicted"),
            (.persistence, "redis.persistence", .warning, "what is written is kept on disk"),
            (.role, "redis.role", .problem, "it is a primary"),
        ]
        for (subject, check, verdict, well) in subjects {
            let warning = warnings.first { $0.subject == subject }
            findings.append(Finding(warning == nil ? .ok : verdict, check, warning?.text ?? well))
        }
        if minimumReplicas > 0 {
            let count = Int(fields["connected_slaves"] ?? "") ?? 0
            let isEnough = count >= minimumReplicas
            findings.append(
                Finding(
                    isEnough ? .ok : .problem, "redis.replicas",
                    "\(count) replicas, revocation.min_replicas \(minimumReplicas)"
                        + (isEnough ? "" : ": no revocation is confirmed; start replicas, or lower it")))
        }
        return findings
    }

    // MARK: - Time

    private func times(_ client: RedisClient, _ settings: Configuration.Redis) async -> [Finding] {
        var shortest: Duration?
        var differenceMilliseconds: Int64?
        for _ in 0..<5 {
            let before = ContinuousClock.now
            guard case .array(let parts)? = try? await client.execute("TIME"), parts.count == 2,
                let seconds = parts[0].text.flatMap({ Int64($0) }),
                let microseconds = parts[1].text.flatMap({ Int64($0) })
            else { break }
            let taken = ContinuousClock.now - before
            guard taken < shortest ?? .seconds(60) else { continue }
            shortest = taken
            // The answer is half a round trip old.
            let here = Int64(Date.now.timeIntervalSince1970 * 1000) - taken.milliseconds / 2
            differenceMilliseconds = here - (seconds * 1000 + microseconds / 1000)
        }
        guard let shortest, let differenceMilliseconds else {
            return [Finding(.warning, "redis.clock", "the user may not ask TIME: give it +time")]
        }
        return [
            Self.roundTrip(shortest, commandTimeoutMilliseconds: settings.commandTimeoutMilliseconds),
            Self.clock(differenceMilliseconds, leewaySeconds: configuration.leewaySeconds),
        ]
    }

    /// Judges the shortest round trip.
    static func roundTrip(_ time: Duration, commandTimeoutMilliseconds limit: Int64) -> Finding {
        let text = "\(time.formatted(.units(allowed: [.milliseconds], fractionalPart: .show(length: 2)))) a round trip"
        switch time.milliseconds {
        case limit...:
            return Finding(
                .problem, "redis.round_trip",
                "\(text), redis.command_timeout \(limit) ms: requests get 503; bring Redis nearer, or raise it")
        case ((limit + 3) / 4)...:
            return Finding(
                .warning, "redis.round_trip",
                "\(text), redis.command_timeout \(limit) ms: little is left for a slow moment; bring Redis nearer")
        default: return Finding(.ok, "redis.round_trip", text)
        }
    }

    /// Judges how far this machine's clock is ahead of Redis'.
    static func clock(_ differenceMilliseconds: Int64, leewaySeconds: Int64) -> Finding {
        let distance = abs(differenceMilliseconds)
        let text = "the clock here is \(distance) ms \(differenceMilliseconds < 0 ? "behind" : "ahead of") Redis'"
        guard distance > 1000 else { return Finding(.ok, "redis.clock", text) }
        return Finding(
            distance > max(leewaySeconds, 1) * 1000 ? .problem : .warning, "redis.clock",
            "\(text), leeway \(leewaySeconds) s: have both keep time by NTP")
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
