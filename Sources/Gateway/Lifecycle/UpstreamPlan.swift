import GatewayConfiguration
import Proxy

extension Upstream {
    /// What a configured upstream comes to for each event loop.
    ///
    /// - Parameters:
    ///   - upstream: the upstream.
    ///   - loopCount: how many event loops share its connections.
    /// - Throws: ``GatewayError`` for certificates and keys that are missing or unusable.
    init(_ upstream: Configuration.Upstream, loopCount: Int) throws(GatewayError) {
        self.init(
            name: upstream.name, targets: upstream.targets.map(Target.init),
            connectTimeoutMilliseconds: upstream.connectTimeoutMilliseconds,
            responseTimeoutMilliseconds: upstream.responseTimeoutMilliseconds,
            idleConnections: upstream.idleConnectionLimit)
        balance =
            switch upstream.balance {
            case .roundRobin: .roundRobin
            case .leastRequests: .leastRequests
            }
        idleTimeoutMilliseconds = upstream.idleTimeoutMilliseconds
        // Rounded up, so that a loop has at least one.
        connectionLimit = (upstream.connectionLimit + loopCount - 1) / max(loopCount, 1)
        queueLimit = (upstream.queueLimit + loopCount - 1) / max(loopCount, 1)
        queueTimeoutMilliseconds = upstream.queueTimeoutMilliseconds
        retries = upstream.retries
        ejectAfter = upstream.ejectAfter
        ejectTimeMilliseconds = upstream.ejectTimeMilliseconds
        resolveIntervalMilliseconds = upstream.resolveIntervalMilliseconds
        health = upstream.health.map {
            HealthCheck(
                path: $0.path, intervalMilliseconds: $0.intervalMilliseconds,
                timeoutMilliseconds: $0.timeoutMilliseconds, unhealthyAfter: $0.unhealthyAfter,
                healthyAfter: $0.healthyAfter)
        }
        if targets.contains(where: \.usesTLS) {
            tls = try Self.tls(upstream.tls ?? Configuration.UpstreamTLS(), of: upstream.name)
        }
    }

    private static func tls(
        _ tls: Configuration.UpstreamTLS, of name: String
    ) throws(GatewayError) -> UpstreamTLS {
        do throws(UpstreamTLS.Failure) {
            return try UpstreamTLS(
                trustedCertificatesFile: tls.trustedCertificatesFile, certificateFile: tls.certificateFile,
                privateKeyFile: tls.privateKeyFile, serverName: tls.serverName)
        } catch {
            let key = "upstreams.\(name).tls"
            let advice =
                switch error {
                case .trustedCertificates:
                    ".ca \(tls.trustedCertificatesFile ?? "") holds no readable PEM certificates"
                case .certificate: ".certificate \(tls.certificateFile ?? "") holds no readable PEM certificates"
                case .privateKey:
                    ".private_key \(tls.privateKeyFile ?? "") is not a readable PEM key without a pass phrase"
                case .mismatch: ": certificate and private_key do not belong together"
                }
            throw GatewayError(.configuration, key + advice)
        }
    }
}

extension Upstream.Target {
    init(_ target: Configuration.Target) {
        switch target.address {
        case .network(let host, let port):
            self.init(host: host, port: port, usesTLS: target.usesTLS, weight: target.weight)
        case .socket(let path):
            self.init(socketPath: path, weight: target.weight)
        }
    }
}
