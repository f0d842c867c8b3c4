/// Reads the whole document: every section by its own reader, then what concerns several of them.
struct ConfigurationReader {
    let problems: ProblemList
    /// The absolute path of the folder that relative paths start from.
    let folder: String

    private var values: ValueReader { ValueReader(problems: problems) }

    /// The configuration; it means something only when no problem was reported.
    func read(_ document: SettingNode) -> Configuration {
        let root = SectionReader(document, values: values)
        readVersion(root)
        let revocation = RevocationReader(values: values).read(root)
        let upstreams = UpstreamsReader(values: values, folder: folder).read(root)
        let tokens = root.node("tokens").flatMap { TokensReader(values: values, folder: folder).read($0) }
        let issuers = IssuersReader(values: values, folder: folder).read(
            root.node("issuers"), ownIssuer: tokens?.issuer)
        let routes = RoutesReader(
            values: values, upstreamNames: upstreams.names, defaultOutagePolicy: revocation.onUnavailable,
            hasIssuers: root.isWritten("tokens") || namesIssuers(root.node("issuers")),
            hasCredentials: root.isWritten("credentials"), hasRedis: root.isWritten("redis")
        ).read(root)
        let listeners = ListenersReader(values: values, folder: folder).read(root.node("listeners"))
        let proxies = TrustedProxiesReader(values: values).read(root, listeners)
        let configuration = Configuration(
            listeners: listeners,
            trustedProxies: proxies.ranges,
            trustsLocalPeers: proxies.trustsLocalPeers,
            workerCount: root.integer("workers", default: 0, in: 0...1024),
            limits: readLimits(root.node("limits")),
            accessLog: readAccessLog(root.node("access_log")),
            reload: ReloadReader(values: values).read(root.node("reload")),
            redis: root.node("redis").flatMap { RedisReader(values: values, folder: folder).read($0) },
            tokens: tokens,
            issuers: issuers,
            leewaySeconds: root.seconds("leeway", default: 30, in: 0...300),
            hasHierarchicalScopes: root.boolean("hierarchical_scopes", default: false),
            requiresTokenType: root.boolean("require_typ", default: false),
            verificationCacheEntryLimit: readVerificationCache(root.node("verification_cache")),
            revocation: revocation,
            credentials: CredentialsReader(values: values, folder: folder).read(root),
            login: LoginReader(values: values, folder: folder).read(root),
            crossOrigins: CrossOriginReader(values: values).read(root.node("cors")),
            tracing: root.node("tracing").flatMap { TracingReader(values: values).read($0) },
            upstreams: upstreams.upstreams,
            routes: routes
        )
        root.end()
        return configuration
    }

    /// Whether there is at least one issuer, readable or not.
    private func namesIssuers(_ node: SettingNode?) -> Bool {
        guard let node else { return false }
        if case .list(let elements) = node.content {
            return !elements.isEmpty
        }
        return true
    }

    private func readVersion(_ root: SectionReader) {
        guard let node = root.required("version", "write `version: 1`") else { return }
        _ = values.integer(node, in: 1...1)
    }

    private func readLimits(_ node: SettingNode?) -> Configuration.Limits {
        let section = SectionReader(node, values: values)
        let limits = Configuration.Limits(
            requestLineByteLimit: section.bytes("request_line", default: 8 << 10, in: 256...64 << 10),
            headerByteLimit: section.bytes("headers", default: 32 << 10, in: 1 << 10...1 << 20),
            headerCountLimit: section.integer("header_count", default: 100, in: 1...1000),
            bodyByteLimit: section.bytes("body", default: 10 << 20, in: 0...1 << 40),
            headerTimeoutMilliseconds: section.milliseconds("header_timeout", default: 10_000, in: 10...600_000),
            bodyIdleTimeoutMilliseconds: section.milliseconds("body_idle_timeout", default: 30_000, in: 10...3_600_000),
            bodyMinimumRate: section.bytes("body_minimum_rate", default: 240, in: 0...1 << 30),
            sendTimeoutMilliseconds: section.milliseconds("send_timeout", default: 30_000, in: 10...3_600_000),
            tunnelIdleTimeoutMilliseconds: section.milliseconds(
                "tunnel_idle_timeout", default: 300_000, in: 10...86_400_000),
            requestsPerConnectionLimit: section.integer("requests_per_connection", default: 0, in: 0...1_000_000_000),
            keepAliveTimeoutMilliseconds: section.milliseconds(
                "keep_alive_timeout", default: 75_000, in: 10...3_600_000),
            connectionLimit: section.integer("connections", default: 20_000, in: 1...1_000_000),
            connectionsPerAddressLimit: section.integer("connections_per_address", default: 0, in: 0...1_000_000),
            http2StreamLimit: section.integer("http2_streams", default: 100, in: 1...1000),
            shutdownGraceMilliseconds: section.milliseconds("shutdown_grace", default: 20_000, in: 0...3_600_000)
        )
        section.end()
        return limits
    }

    private func readAccessLog(_ node: SettingNode?) -> Configuration.AccessLog {
        guard let node else { return .everyRequest }
        guard case .mapping = node.content else {
            return values.boolean(node) == false ? .off : .everyRequest
        }
        let section = SectionReader(node, values: values)
        let sample = section.required("sample", "write {sample: 0.01} to log one request in a hundred")
        section.end()
        return .sampled(fraction: sample.flatMap { values.fraction($0, allowsZero: false) } ?? 1)
    }

    private func readVerificationCache(_ node: SettingNode?) -> Int {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        return section.integer("entries", default: 50_000, in: 0...10_000_000)
    }
}

extension ValueReader {
    /// `closed`, `stale` or `open`.
    func outagePolicy(_ node: SettingNode) -> Configuration.OutagePolicy? {
        choice(node, of: [("closed", .closed), ("stale", .stale), ("open", .open)])
    }
}
