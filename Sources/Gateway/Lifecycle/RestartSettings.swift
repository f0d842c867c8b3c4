import GatewayConfiguration

/// The settings that only a restart takes up.
///
/// What is running was built around them: sockets, threads, stores, and how long revocations are kept.
struct RestartSettings {
    /// What the process was started with.
    let started: Configuration

    /// Puts back what cannot change while the gateway runs.
    ///
    /// - Parameter configuration: the new configuration; becomes the one that can be put in force.
    /// - Returns: the key paths of what was put back, in the order of the file's sections.
    func keep(in configuration: inout Configuration) -> [String] {
        var changes = Changes(started: started, configuration: configuration)
        changes.keepListeners()
        changes.keep("workers", \.workerCount)
        if (started.accessLog == .off) != (configuration.accessLog == .off) {
            changes.keep("access_log", \.accessLog)
        }
        changes.keepRedis()
        changes.keepTokens()
        changes.keepLongIssuers()
        changes.keep("leeway", \.leewaySeconds)
        changes.keep("verification_cache.entries", \.verificationCacheEntryLimit)
        changes.keep("revocation.mode", \.revocation.mode)
        changes.keep("revocation.mirror_staleness", \.revocation.mirrorStalenessMilliseconds)
        changes.keep("revocation.min_replicas", \.revocation.minimumReplicas)
        changes.keep("revocation.acknowledge", \.revocation.acknowledgement)
        changes.keep("revocation.on_data_loss", \.revocation.onDataLoss)
        changes.keep("credentials", \.credentials)
        changes.keep("login", \.login)
        changes.keep("cors", \.crossOrigins)
        changes.keep("tracing", \.tracing)
        configuration = changes.configuration
        return changes.keyPaths
    }

    private struct Changes {
        let started: Configuration
        var configuration: Configuration
        var keyPaths: [String] = []

        mutating func keep<Value: Equatable>(_ name: String, _ path: WritableKeyPath<Configuration, Value>) {
            guard configuration[keyPath: path] != started[keyPath: path] else { return }
            configuration[keyPath: path] = started[keyPath: path]
            keyPaths.append(name)
        }

        mutating func keepListeners() {
            let (old, new) = (started.listeners.publicListeners, configuration.listeners.publicListeners)
            if old.count != new.count {
                keyPaths.append("listeners.public")
            } else {
                for (old, new) in zip(old, new) {
                    let changed = [
                        ("address", old.address != new.address), ("reuse_port", old.reusesPort != new.reusesPort),
                        ("tls", old.tls != new.tls),
                        ("proxy_protocol", old.expectsProxyProtocol != new.expectsProxyProtocol),
                    ]
                    keyPaths += changed.filter(\.1).map { "\(new.keyPath).\($0.0)" }
                }
            }
            configuration.listeners.publicListeners = old
            keep("listeners.admin.address", \.listeners.adminAddress)
            keep("listeners.admin.token", \.listeners.adminToken)
        }

        mutating func keepRedis() {
            guard let old = started.redis, let new = configuration.redis else { return keep("redis", \.redis) }
            let changed = [
                ("url", old.topology != new.topology || old.database != new.database || old.login != new.login),
                ("sentinel", old.sentinelLogin != new.sentinelLogin), ("tls", old.tls != new.tls),
                ("key_prefix", old.keyPrefix != new.keyPrefix),
                ("connect_timeout", old.connectTimeoutMilliseconds != new.connectTimeoutMilliseconds),
                ("command_timeout", old.commandTimeoutMilliseconds != new.commandTimeoutMilliseconds),
            ]
            keyPaths += changed.filter(\.1).map { "redis.\($0.0)" }
            configuration.redis = old
        }

        mutating func keepTokens() {
            guard let old = started.tokens, let new = configuration.tokens else { return keep("tokens", \.tokens) }
            let changed = [
                ("issuer", old.issuer != new.issuer), ("audiences", old.audiences != new.audiences),
                ("algorithm", old.algorithm != new.algorithm),
                ("key_directory", old.keyDirectory != new.keyDirectory),
                ("signing_key", old.signingKeys != new.signingKeys),
                ("refresh_key", old.refreshKeys != new.refreshKeys),
                ("publish_ahead", old.publishAheadSeconds != new.publishAheadSeconds),
                ("rotate_every", old.rotateEverySeconds != new.rotateEverySeconds),
                ("claims", old.claims != new.claims),
                ("access_ttl", old.accessLifetimeSeconds != new.accessLifetimeSeconds),
                ("refresh_ttl", old.refreshLifetimeSeconds != new.refreshLifetimeSeconds),
                ("session_ttl", old.sessionLifetimeSeconds != new.sessionLifetimeSeconds),
                ("rotation_grace", old.rotationGraceSeconds != new.rotationGraceSeconds),
            ]
            keyPaths += changed.filter(\.1).map { "tokens.\($0.0)" }
            configuration.tokens = old
        }

        /// Revocations are kept for as long as the longest life of a token that was accepted at the start: one that lives
        /// longer would come back.
        mutating func keepLongIssuers() {
            let longest = started.issuers.map(\.maximumLifetimeSeconds).max() ?? 0
            var kept: [Configuration.Issuer] = []
            for (index, issuer) in configuration.issuers.enumerated() {
                guard issuer.maximumLifetimeSeconds > longest else {
                    kept.append(issuer)
                    continue
                }
                keyPaths.append("issuers[\(index)].max_lifetime")
                // One that is new is left out.
                guard let known = started.issuers.first(where: { $0.issuer == issuer.issuer }) else { continue }
                var issuer = issuer
                issuer.maximumLifetimeSeconds = known.maximumLifetimeSeconds
                kept.append(issuer)
            }
            configuration.issuers = kept
        }
    }
}
