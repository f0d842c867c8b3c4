import Credentials
import GatewayConfiguration
import Logging
import RedisClient
import Revocation

extension Gateway {
    /// Whoever judges passwords, with nobody let guess at them.
    ///
    /// - Parameters:
    ///   - accounts: judges by the accounts, if there are any.
    ///   - redis: where nodes count together.
    ///   - keyPrefix: what the names of keys begin with.
    ///   - tracer: told of calls of an identity service.
    ///   - running: takes what has to be ended.
    /// - Returns: who that is; `nil` when nobody can log in.
    /// - Throws: ``GatewayError`` when the identity service's settings cannot be used.
    func guarded(
        _ accounts: (any Authenticating)?, _ redis: RedisClient?, keyPrefix: String, _ tracer: GatewayTracer?,
        _ running: RunningGateway
    ) throws(GatewayError) -> (any Authenticating)? {
        let login = configuration.login
        var judge = accounts
        if let delegate = login.delegate {
            let service = try IdentityService(delegate, group: running.adminGroup, tracer: tracer)
            running.add(service)
            judge = service
        }
        return judge.map {
            ThrottledAuthenticator(
                authenticator: $0,
                throttle: LoginThrottle(
                    attempts: login.attemptCount, windowMilliseconds: login.windowMilliseconds, redis: redis,
                    keyPrefix: keyPrefix, logger: logger))
        }
    }

    /// Opens the accounts and starts the threads that serve them.
    ///
    /// A PostgreSQL that is away is no reason not to start: what needs it gets 503 until it is back.
    func openAccounts(
        _ credentials: Configuration.Credentials, _ running: RunningGateway
    ) async throws(GatewayError) -> (store: SQLCredentialStore, pool: HashingPool) {
        do throws(CredentialError) {
            let store = SQLCredentialStore(try AccountDatabase.open(credentials.database))
            let pool = try HashingPool(hasher: try PasswordHasher())
            running.add(store, pool)
            if case .postgreSQL = credentials.database { try await connect(store, pool) }
            return (store, pool)
        } catch {
            throw GatewayError(.unavailable, advice(for: error, credentials.database))
        }
    }

    private func connect(_ store: SQLCredentialStore, _ pool: HashingPool) async throws(CredentialError) {
        do throws(CredentialError) {
            try await pool.perform { () throws(CredentialError) in _ = try store.list(after: nil, limit: 1) }
        } catch {
            guard case .unavailable(let fault) = error.code, fault.mayPass else { throw error }
            logger.warning(
                "the account database is away: logins get 503 until it is back",
                metadata: ["fault": "\(fault.rawValue)", "detail": "\(error.detail)"])
        }
    }

    private func advice(for error: CredentialError, _ database: Configuration.CredentialDatabase) -> String {
        let name: String
        switch database {
        case .file(let path): name = "credentials.database \(path)"
        case .postgreSQL(let settings): name = "credentials.database \(settings.database) in PostgreSQL"
        }
        guard case .unavailable(let fault) = error.code else { return "\(name) cannot be opened: \(error.code)" }
        if fault == .absent {
            return "\(name) does not exist yet; make it with: portcullis user add NAME --config \(configurationPath)"
        }
        return "\(name) cannot be opened: \(fault.rawValue)" + (error.detail.isEmpty ? "" : " (\(error.detail))")
    }
}
