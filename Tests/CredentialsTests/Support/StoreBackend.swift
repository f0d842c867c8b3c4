import Credentials
import Testing

/// A kind of store; the behaviour of `CredentialStoring` is tested on each of them alike.
struct StoreBackend: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes stores that share one empty database; they live as long as `body` runs.
    let withStores: @Sendable (_ count: Int, _ body: ([any CredentialDatabase]) throws -> Void) throws -> Void

    func withStore(_ body: (any CredentialDatabase) throws -> Void) throws {
        try withStores(1) { try body($0[0]) }
    }

    static let all = [sqlite, postgreSQL]

    static let sqlite = StoreBackend(testDescription: "SQLite") { count, body in
        let directory = try TemporaryDirectory()
        let stores = try (0..<count).map { _ in
            try SQLCredentialStore(path: directory.file("users.sqlite"), settings: .creating)
        }
        try body(stores)
        for store in stores { store.close() }
    }
}

extension StoreBackend {
    static let postgreSQL = StoreBackend(testDescription: "PostgreSQL") { count, body in
        let fixture = try PostgreSQLFixture()
        let stores = (0..<count).map { _ in fixture.store() }
        try body(stores)
        for store in stores { store.close() }
    }
}

extension SQLiteDatabase.Settings {
    /// For tests: makes the database.
    static var creating: Self {
        var settings = Self()
        settings.createsIfAbsent = true
        return settings
    }

    /// For tests: opens what exists, and does not wait long for locks.
    static var impatient: Self {
        var settings = Self()
        settings.busyTimeoutMilliseconds = 50
        return settings
    }
}
