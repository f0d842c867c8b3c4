package import GatewayConfiguration
import NIOCore
import NIOPosix

/// Examines everything that a gateway with this configuration would need, without changing anything of it.
///
/// Each wait has an end, and a check that fails keeps no other from being made.
package struct Doctor: Sendable {
    /// How long one connection or look-up may take.
    static let patienceMilliseconds: Int64 = 3_000
    /// The same for what takes several of them.
    package static let patience = Duration.milliseconds(2 * patienceMilliseconds)

    private let configuration: Configuration
    private let path: String
    private let files: [String]

    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - path: its file, named in advice.
    ///   - files: the files that were read for it, itself included.
    package init(_ configuration: Configuration, path: String, files: [String]) {
        self.configuration = configuration
        self.path = path
        self.files = files
    }

    /// Makes every check.
    ///
    /// - Parameter tell: is given the findings, some at a time, in an order that stays the same.
    package func examine(_ tell: ([Finding]) -> Void) async {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // What waits for others goes on meanwhile.
        async let redis = RedisExamination(configuration).findings()
        async let upstreams = UpstreamExamination(configuration.upstreams, group: group).findings()
        async let issuers = IssuerExamination(configuration.issuers, group: group).findings()
        async let listeners = ListenerExamination(configuration.listeners).findings()
        tell(settings)
        tell(FileExamination.findings(configuration, files: files))
        tell([descriptors])
        tell(KeyExamination.findings(configuration, path: path))
        tell(CertificateExamination.findings(configuration))
        tell(await listeners)
        tell(await redis)
        tell(await issuers)
        tell(await upstreams)
        try? await group.shutdownGracefully()
    }

    private var settings: [Finding] {
        var findings = [Finding(.ok, "configuration", "\(path) has no problem in itself")]
        findings += Gateway.warnings(configuration).map { Finding(.warning, "configuration", $0) }
        if configuration.listeners.adminToken == nil {
            findings.append(
                Finding(
                    .warning, "configuration",
                    "listeners.admin.token is not set: portcullis revoke and the admin API cannot be used"))
        }
        return findings
    }

    private var descriptors: Finding {
        let wanted = configuration.limits.connectionLimit
        let loopCount = configuration.workerCount > 0 ? configuration.workerCount : System.coreCount
        let budget = DescriptorBudget(raisingLimitFor: configuration, loopCount: loopCount)
        guard budget.connections < wanted else {
            return Finding(.ok, "descriptors", "\(budget.limit) open files are enough for limits.connections \(wanted)")
        }
        return Finding(
            .warning, "descriptors",
            "\(budget.limit) open files, as here, allow \(budget.connections) connections, not limits.connections "
                + "\(wanted): raise the limit to \(wanted * 2 + budget.reserve) (ulimit -n, LimitNOFILE of the unit)")
    }
}
