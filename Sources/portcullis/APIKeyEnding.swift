import Credentials
import Gateway
import GatewayConfiguration
import Logging

/// Revokes API keys from outside a gateway: in the database, and then for every node that remembers one.
struct APIKeyEnding {
    private let configuration: Configuration
    private let path: String
    private let reason: String

    init(_ configuration: Configuration, path: String, reason: String) {
        self.configuration = configuration
        self.path = path
        self.reason = reason
    }

    /// What is said where they do not.
    static let withoutRedis = "there is no Redis: a running gateway takes keys that it remembers until it looks them up"

    /// Whether running gateways hear of it.
    var reachesGateways: Bool { configuration.redis != nil }

    /// Revokes one key.
    func revoke(_ key: APIKeyID) async throws {
        try await MachineStore.open(configuration, at: path) { store in
            try store.revoke(key, nowMilliseconds: MachineStore.clock())
        }
        try await announce([key])
    }

    /// Revokes all keys of an owner.
    ///
    /// - Returns: the keys.
    func revokeKeys(of owner: APIKey.Owner) async throws -> [APIKeyID] {
        let keys = try await MachineStore.open(configuration, at: path) { store in
            try store.revokeAPIKeys(of: owner, nowMilliseconds: MachineStore.clock())
        }
        try await announce(keys)
        return keys
    }

    private func announce(_ keys: [APIKeyID]) async throws {
        guard !keys.isEmpty else { return }
        var quiet = Logger(label: "redis")
        quiet.logLevel = .critical
        do {
            _ = try await APIKeyRevocation.announce(keys, configuration: configuration, reason: reason, logger: quiet)
        } catch let error as GatewayError {
            throw CommandFailure(error)
        }
    }
}
