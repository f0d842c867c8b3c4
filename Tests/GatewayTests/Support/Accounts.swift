import Credentials
import Foundation

/// Accounts made once and copied for each gateway: hashing passwords is slow on purpose.
enum Accounts {
    static let passwords = ["alice": "correct horse battery", "bob": "staple of another kind"]
    static let scope = "orders:read orders:write profile"

    /// The content of a database with both accounts.
    static let database = Task { () throws -> Data in
        for password in passwords.values { SecretLedger.enter(password) }
        let folder = try TemporaryFolder()
        let path = folder.url.appendingPathComponent("accounts.sqlite").path
        var settings = SQLiteDatabase.Settings()
        settings.createsIfAbsent = true
        let store = try SQLCredentialStore(path: path, settings: settings)
        let pool = try HashingPool(hasher: try PasswordHasher())
        let directory = UserDirectory(store: store, pool: pool)
        for (name, password) in passwords {
            try await directory.add(name: name, password: Array(password.utf8), scope: scope, nowMilliseconds: 1)
        }
        await pool.shutDown()
        store.close()
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }
}

/// A folder that goes with its last reference.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("portcullis-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func write(_ text: String, to name: String) throws {
        try write(Data(text.utf8), to: name)
    }

    func write(_ data: Data, to name: String) throws {
        let file = url.appendingPathComponent(name)
        try data.write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    func path(_ name: String) -> String {
        url.appendingPathComponent(name).path
    }
}
