import Credentials
import Foundation
import Sessions

/// Clients and API keys in the database of a running gateway, made as the command line makes them.
extension GatewayFixture {
    func withMachines<Value>(_ body: (MachineDirectory, SQLCredentialStore) throws -> Value) throws -> Value {
        let store = SQLCredentialStore(try SQLiteDatabase(path: folder.path("accounts.sqlite")))
        defer { store.close() }
        let pepper = CredentialPepper(directory: folder.path("keys"), configurationPath: "")
        let directory = MachineDirectory(
            store: store, hasher: try SecretHasher(pepper: try pepper.loadOrCreate()),
            clock: { Int64(Date.now.timeIntervalSince1970 * 1000) })
        return try body(directory, store)
    }

    /// An API key; the text is secret.
    func makeAPIKey(
        owner: APIKey.Owner? = nil, scope: String = "orders:read", addresses: String = "",
        lifetimeSeconds: Int64? = nil
    ) throws -> (id: APIKeyID, text: String) {
        try withMachines { directory, _ in
            let key = try directory.createAPIKey(
                owner: try owner ?? .subject(UserName("alice")), scope: scope, addresses: addresses,
                lifetimeSeconds: lifetimeSeconds)
            SecretLedger.enter(key.exposed)
            return (key.id, key.exposed)
        }
    }

    /// A client; returns its secret, or an empty text for a public one.
    @discardableResult
    func makeClient(
        _ id: String, isPublic: Bool = false, grants: String = "client_credentials", scope: String = "orders:read"
    ) throws -> String {
        try withMachines { directory, _ in
            let secret = try directory.addClient(
                id: id, isPublic: isPublic, grants: isPublic ? "" : grants, scope: scope)
            if let secret { SecretLedger.enter(secret) }
            return secret ?? ""
        }
    }
}
