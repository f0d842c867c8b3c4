import GatewayConfiguration
import NIOCore
import Proxy

/// Whether the targets of upstreams take connections.
struct UpstreamExamination: Sendable {
    private let upstreams: [Configuration.Upstream]
    private let group: any EventLoopGroup

    init(_ upstreams: [Configuration.Upstream], group: any EventLoopGroup) {
        self.upstreams = upstreams
        self.group = group
    }

    /// A finding for each target, in the order of the file.
    func findings() async -> [Finding] {
        await withTaskGroup(of: (Int, [Finding]).self) { tasks in
            for (index, upstream) in upstreams.enumerated() {
                tasks.addTask { (index, await findings(upstream)) }
            }
            var found: [(Int, [Finding])] = []
            for await finding in tasks { found.append(finding) }
            return found.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private func findings(_ settings: Configuration.Upstream) async -> [Finding] {
        let upstream: Upstream
        do throws(GatewayError) {
            upstream = try Upstream(settings, loopCount: 1)
        } catch {
            return [Finding(.problem, "upstream", error.description)]
        }
        let patience = min(settings.connectTimeoutMilliseconds, Doctor.patienceMilliseconds)
        let eventLoop = group.next()
        let outcomes = await withTaskGroup(of: (Int, String?).self) { tasks in
            for (index, target) in upstream.targets.enumerated() {
                tasks.addTask {
                    let outcome = await Deadline.run(Doctor.patience) {
                        await UpstreamProbe.failure(
                            of: target, in: upstream, on: eventLoop, timeoutMilliseconds: patience)
                    }
                    return (index, outcome ?? "looking up the name takes too long")
                }
            }
            var outcomes = [String?](repeating: nil, count: upstream.targets.count)
            for await (index, outcome) in tasks { outcomes[index] = outcome }
            return outcomes
        }
        // With one target left, requests are served.
        let verdict: Finding.Verdict = outcomes.contains(nil) ? .warning : .problem
        return zip(upstream.targets, outcomes).map { target, failure in
            let name = "upstreams.\(upstream.name) \(target.name)"
            guard let failure else {
                return Finding(.ok, "upstream", "\(name) takes connections\(target.usesTLS ? " by TLS" : "")")
            }
            return Finding(verdict, "upstream", "\(name): \(failure); start it, or correct upstreams.\(upstream.name)")
        }
    }
}
