import GRDB
import Glibc
import Synchronization

/// Accounts in an SQLite file (WAL, mode 0600), which several processes of one machine may share.
package final class SQLiteCredentialStore: CredentialStoring {
    /// How a database is opened.
    package struct Settings: Sendable {
        /// Whether to make the database where there is none.
        package var createsIfAbsent = false

        /// How long to wait for another connection's lock, in milliseconds.
        package var busyTimeoutMilliseconds = 2000

        /// How many threads may read at once.
        package var maximumReaderCount = 4

        /// The most bytes the database may grow to; 1 GiB holds millions of accounts.
        package var maximumByteCount = 1 << 30

        /// The defaults.
        package init() {}
    }

    private static let columns = "name, password_hash, scope, disabled, created_ms, updated_ms"

    private let file: DatabaseFile
    // Taken out when the store is closed. GRDB's own `close` would race with calls in progress.
    private let database: Mutex<DatabasePool?>

    /// Opens a database, and brings its tables to the newest version.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - settings: How to open it.
    /// - Throws: `unavailable` with the fault; nothing that existed has changed then.
    package init(path: String, settings: Settings = Settings()) throws(CredentialError) {
        // Bounded, since every call may take this long.
        let busyTimeoutMilliseconds = min(max(settings.busyTimeoutMilliseconds, 0), 60_000)
        let configuration = Self.configuration(for: settings, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        file = try DatabaseFile(path: path, createsIfAbsent: settings.createsIfAbsent)
        let pool = try Self.open(path, configuration, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        database = Mutex(pool)
        // SQLite opened the path anew: it must have been this file.
        try file.checkUnchanged()
    }

    /// Closes the database as soon as the calls in progress are done; later calls throw `unavailable`.
    package func close() {
        // GRDB closes a pool that nobody holds any more: readers first, so that the writer can tidy up the log.
        _ = database.withLock { $0.take() }
    }

    package func add(_ users: [NewUser], nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            let sql = """
                INSERT INTO users (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
                """
            for user in users {
                let isClient = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id = ?)"
                guard try Bool.fetchOne(database, sql: isClient, arguments: [user.name.text]) == false else {
                    throw CredentialError(.duplicateName, detail: user.name.text)
                }
                try database.execute(
                    sql: sql,
                    arguments: [
                        user.name.text, user.passwordHash.storedForm, user.scope.text, user.isDisabled,
                        nowMilliseconds, nowMilliseconds,
                    ])
                // An error inside the transaction takes back the ones before.
                guard database.changesCount == 1 else {
                    throw CredentialError(.duplicateName, detail: user.name.text)
                }
            }
        }
    }

    package func find(_ name: UserName) throws(CredentialError) -> UserRecord? {
        try read { database in
            let sql = "SELECT \(Self.columns) FROM users WHERE name = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [name.text]).map(Self.record)
        }
    }

    package func list(after name: UserName?, limit: Int) throws(CredentialError) -> [User] {
        try read { database in
            // Every name is greater than the empty one.
            let sql = "SELECT \(Self.columns) FROM users WHERE name > ? ORDER BY name LIMIT ?"
            let arguments: StatementArguments = [name?.text ?? "", min(max(limit, 1), 1000)]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map { try Self.record($0).user }
        }
    }

    package func setPasswordHash(
        _ passwordHash: PasswordHash, of name: UserName, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try update(
            name, "UPDATE users SET password_hash = ?, updated_ms = ? WHERE name = ?",
            value: passwordHash.storedForm, nowMilliseconds: nowMilliseconds)
    }

    package func replacePasswordHash(
        _ current: PasswordHash, by replacement: PasswordHash, of name: UserName
    ) throws(CredentialError) -> Bool {
        try write { database in
            try database.execute(
                sql: "UPDATE users SET password_hash = ? WHERE name = ? AND password_hash = ?",
                arguments: [replacement.storedForm, name.text, current.storedForm])
            return database.changesCount == 1
        }
    }

    package func setDisabled(
        _ isDisabled: Bool, of name: UserName, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try update(
            name, "UPDATE users SET disabled = ?, updated_ms = ? WHERE name = ?",
            value: isDisabled, nowMilliseconds: nowMilliseconds)
    }

    private func update(
        _ name: UserName, _ sql: String, value: any DatabaseValueConvertible, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            try database.execute(sql: sql, arguments: [value, nowMilliseconds, name.text])
            guard database.changesCount == 1 else { throw CredentialError(.unknownUser) }
        }
    }

    func read<Value>(_ operation: (Database) throws -> Value) throws(CredentialError) -> Value {
        let pool = try openPool()
        return try CredentialError.translating { try pool.read(operation) }
    }

    func write<Value>(_ operation: (Database) throws -> Value) throws(CredentialError) -> Value {
        let pool = try openPool()
        return try CredentialError.translating { try pool.write(operation) }
    }

    private func openPool() throws(CredentialError) -> DatabasePool {
        guard let pool = database.withLock({ $0 }) else { throw CredentialError(.unavailable(.closed)) }
        try file.checkUnchanged()
        return pool
    }

    /// Opens the database, again and again while others are in the way, for at most the busy time-out.
    private static func open(
        _ path: String, _ configuration: Configuration, busyTimeoutMilliseconds: Int
    ) throws(CredentialError) -> DatabasePool {
        let deadline = ContinuousClock.now + .milliseconds(busyTimeoutMilliseconds)
        while true {
            do throws(CredentialError) {
                return try CredentialError.translating { try openOnce(path, configuration) }
            } catch {
                // The switch to WAL, and the last one to leave it, hold locks that SQLite does not wait for by itself.
                guard error.code == .unavailable(.busy), ContinuousClock.now < deadline else { throw error }
                usleep(10_000)
            }
        }
    }

    private static func openOnce(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try SQLiteSchema.prepare(queue)
        try queue.close()
        let pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB chose NORMAL, which may lose the last commits with the power: a disabled account must stay disabled.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        return pool
    }

    static func check(_ nowMilliseconds: Int64) throws(CredentialError) {
        guard nowMilliseconds >= 0 else { throw CredentialError(.invalidTime) }
    }

    /// Reads a row; one that this program would not have written is damage, not an account.
    private static func record(_ row: Row) throws -> UserRecord {
        let values = Array(row.databaseValues)
        guard values.count == 6,
            case .string(let name) = values[0].storage, case .string(let hash) = values[1].storage,
            case .string(let scope) = values[2].storage, case .int64(let disabled) = values[3].storage,
            case .int64(let created) = values[4].storage, case .int64(let updated) = values[5].storage,
            let user = try? User(
                name: UserName(name), scope: ScopeList(scope), isDisabled: disabled != 0,
                createdAtMilliseconds: created, updatedAtMilliseconds: updated),
            let passwordHash = try? PasswordHash(hash)
        else { throw CredentialError(.unavailable(.damaged), detail: "an account's row cannot be understood") }
        return UserRecord(user: user, passwordHash: passwordHash)
    }

    private static func configuration(for settings: Settings, busyTimeoutMilliseconds: Int) -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = min(max(settings.maximumReaderCount, 1), 1024)
        configuration.foreignKeysEnabled = true
        configuration.label = "credentials"
        let maximumPageCount = max(settings.maximumByteCount / 4096, 1)
        configuration.prepareDatabase { database in
            // Here and not by `busyMode`, which GRDB overrides for readers.
            try database.execute(sql: "PRAGMA busy_timeout = \(busyTimeoutMilliseconds)")
            // A doctored schema must not run code, and damage must be noticed where it lies.
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
            try database.execute(sql: "PRAGMA max_page_count = \(maximumPageCount)")
        }
        return configuration
    }
}
