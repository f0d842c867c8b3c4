import Credentials
import TestSupport

/// A database of a test's own in a real server.
struct PostgreSQLFixture {
    let server: PostgreSQLServerProcess
    let name: String

    /// Takes a new database in the shared server, or in another.
    init(_ server: PostgreSQLServerProcess? = nil, encoding: String = "UTF8") throws {
        self.server = try server ?? PostgreSQLServerProcess.shared.get()
        name = try self.server.makeDatabase(encoding: encoding)
    }

    var settings: PostgreSQLSettings {
        PostgreSQLSettings(
            hosts: [.init(name: "127.0.0.1", port: server.port)], user: PostgreSQLServerProcess.user,
            password: PostgreSQLServerProcess.password, database: name, tlsMode: .disable)
    }

    func database(_ change: (inout PostgreSQLSettings) -> Void = { _ in }) -> PostgreSQLDatabase {
        var settings = settings
        change(&settings)
        return PostgreSQLDatabase(settings)
    }

    func store(_ change: (inout PostgreSQLSettings) -> Void = { _ in }) -> SQLCredentialStore {
        SQLCredentialStore(database(change))
    }

    @discardableResult
    func run(_ statement: String) throws -> String {
        try server.run(statement, in: name)
    }
}
