import Credentials
import Foundation
import GatewayConfiguration
import Logging
import Sessions

/// What the database of accounts serves.
struct OpenCredentials: Sendable {
    var authenticator: any Authenticating
    var machines: MachineAuthenticator
    var users: UserDirectory
    var store: any MachineCredentialStoring
    /// `nil` without a key directory.
    var pepper: CredentialPepper?
}

extension Gateway {
    /// Milliseconds since 1970.
    static let wallClock: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970 * 1000) }

    /// Opens the database, and starts the threads that check passwords and those that look up machines.
    func openCredentials(
        _ credentials: Configuration.Credentials, _ running: RunningGateway
    ) async throws(GatewayError) -> OpenCredentials {
        let accounts = try await openAccounts(credentials, running)
        do throws(CredentialError) {
            let pepper = configuration.tokens?.keyDirectory.map {
                CredentialPepper(directory: $0, configurationPath: configurationPath)
            }
            let machines = try makeMachineAuthenticator(accounts.store, pepper)
            running.add(machines)
            let denyList = try PasswordDenyList(path: configuration.login.passwordDenyListFile)
            return OpenCredentials(
                authenticator: PasswordAuthenticator(store: accounts.store, pool: accounts.pool, logger: logger),
                machines: machines,
                users: UserDirectory(store: accounts.store, pool: accounts.pool, denyList: denyList),
                store: accounts.store, pepper: pepper)
        } catch  where error.code == .invalidDenyList {
            throw GatewayError(.configuration, "login.password_denylist is not a list of passwords in UTF-8")
        } catch {
            throw GatewayError(.unavailable, "clients and API keys cannot be looked up: \(error.code)")
        }
    }

    private func makeMachineAuthenticator(
        _ store: any MachineCredentialStoring, _ pepper: CredentialPepper?
    ) throws(CredentialError) -> MachineAuthenticator {
        return try MachineAuthenticator(
            store: store,
            hasher: { [logger] () throws(CredentialError) in
                var bytes: [UInt8] = []
                do throws(SigningKeyError) {
                    bytes = try pepper?.load() ?? []
                } catch {
                    logger.error("API keys and clients cannot be checked", metadata: ["problem": "\(error)"])
                    throw CredentialError(.hashingFailed)
                }
                return try SecretHasher(pepper: bytes)
            },
            clock: Self.wallClock, logger: logger)
    }
}
