import Credentials
import Foundation
import GatewayConfiguration
import Logging
import Sessions

/// What the database of accounts serves.
struct OpenCredentials: Sendable {
    var authenticator: any Authenticating
    var machines: MachineAuthenticator
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
            let machines = try makeMachineAuthenticator(accounts.store)
            running.add(machines)
            return OpenCredentials(
                authenticator: PasswordAuthenticator(store: accounts.store, pool: accounts.pool, logger: logger),
                machines: machines)
        } catch {
            throw GatewayError(.unavailable, "clients and API keys cannot be looked up: \(error.code)")
        }
    }

    private func makeMachineAuthenticator(
        _ store: any MachineCredentialStoring
    ) throws(CredentialError) -> MachineAuthenticator {
        let pepper = configuration.tokens.map {
            CredentialPepper(directory: $0.keyDirectory, configurationPath: configurationPath)
        }
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
