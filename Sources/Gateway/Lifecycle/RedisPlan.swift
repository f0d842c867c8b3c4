import GatewayConfiguration
import NIOCore
import RedisClient

extension RedisConfiguration {
    /// What the configuration says about Redis, its files read.
    ///
    /// - Throws: ``GatewayError`` for a file that cannot be used.
    init(_ redis: Configuration.Redis) throws(GatewayError) {
        self.init(topology: RedisTopology(redis))
        credentials = redis.login.map { RedisCredentials(username: $0.user, password: $0.password.exposed) }
        sentinelCredentials = redis.sentinelLogin.map {
            RedisCredentials(username: $0.user, password: $0.password.exposed)
        }
        database = redis.database
        connectTimeout = .milliseconds(redis.connectTimeoutMilliseconds)
        commandTimeout = .milliseconds(redis.commandTimeoutMilliseconds)
        guard let settings = redis.tls else { return }
        do throws(RedisTLS.Failure) {
            tls = try RedisTLS(
                authorityFile: settings.trustedCertificatesFile, certificateFile: settings.certificateFile,
                privateKeyFile: settings.privateKeyFile, serverName: settings.serverName)
        } catch {
            throw GatewayError(
                .configuration,
                "redis.tls.\(error.setting) cannot be used: it must be a readable file in PEM form, and private_key "
                    + "that of the certificate, without a pass phrase")
        }
    }
}

extension RedisTopology {
    fileprivate init(_ redis: Configuration.Redis) {
        switch redis.topology {
        case .standalone(let server): self = .standalone(RedisEndpoint(server))
        case .unixSocket(let path): self = .standalone(.unix(path: path))
        case .sentinel(let sentinels, let primaryName):
            self = .sentinel(sentinels: sentinels.map { RedisEndpoint($0) }, primaryName: primaryName)
        case .cluster(let nodes):
            // The prefix has a hash tag, so that every key lies where it does.
            self = .cluster(nodes: nodes.map { RedisEndpoint($0) }, slot: HashSlot.slot(of: redis.keyPrefix))
        }
    }
}

extension RedisEndpoint {
    fileprivate init(_ server: Configuration.Redis.Server) {
        self = .tcp(host: server.host, port: server.port)
    }
}
