import GRDB
import Glibc
import Synchronization

/// An SQLite file (WAL, mode 0600), which several processes of one machine may share.
package final class SQLiteDatabase: SQLDatabase {
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

    package func read<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        let pool = try openPool()
        return try CredentialError.translating { try pool.read { try body(SQLiteSession(database: $0)) } }
    }

    package func snapshot<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        try read(body)
    }

    package func write<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        let pool = try openPool()
        return try CredentialError.translating { try pool.write { try body(SQLiteSession(database: $0)) } }
    }

    func openPool() throws(CredentialError) -> DatabasePool {
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
        try SQLiteMigrator.prepare(queue)
        try queue.close()
        let pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB chose NORMAL, which may lose the last commits with the power: a disabled account must stay disabled.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        return pool
    }

    static func configuration(for settings: Settings, busyTimeoutMilliseconds: Int) -> Configuration {
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
