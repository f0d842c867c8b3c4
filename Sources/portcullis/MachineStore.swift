import Credentials
import Foundation
import Gateway
import GatewayConfiguration
import Sessions

/// The database of clients and API keys for the commands that change them.
enum MachineStore {
    static let clock: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970 * 1000) }

    /// Opens it for reading and for changes that need no secret.
    static func open<Value>(
        _ configuration: Configuration, at path: String, createsDatabase: Bool = false,
        _ body: (SQLCredentialStore) async throws -> Value
    ) async throws -> Value {
        guard let credentials = configuration.credentials else {
            throw CommandFailure(
                .configuration,
                "\(path): credentials: missing; say where clients and API keys are kept: "
                    + "credentials: {database: ./portcullis.sqlite}")
        }
        do {
            let database = try AccountDatabase.open(credentials.database, createsIfAbsent: createsDatabase)
            defer { database.close() }
            return try await body(SQLCredentialStore(database))
        } catch let error as CredentialError {
            throw CommandFailure(error)
        } catch let error as SigningKeyError {
            throw CommandFailure(error)
        }
    }

    /// Opens it for making secrets; the pepper is made with the first.
    static func withDirectory<Value>(
        _ file: ConfigurationOption, _ body: (MachineDirectory) throws -> Value
    ) async throws -> Value {
        let configuration = try file.load()
        return try await open(configuration, at: file.path, createsDatabase: true) { store in
            let pepper = CredentialPepper(
                directory: configuration.tokens?.keyDirectory ?? "", configurationPath: file.path)
            let hasher = try SecretHasher(pepper: try pepper.loadOrCreate())
            return try body(MachineDirectory(store: store, hasher: hasher, clock: clock))
        }
    }

    /// A time for people.
    static func text(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "-" }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }
}
