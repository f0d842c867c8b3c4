import GRDB
import Glibc

extension SQLiteDatabase {
    /// Writes a copy of the whole database, as it is at one moment, while others go on using it.
    ///
    /// - Parameter path: The copy, which must not exist yet; made with mode 0600, under its name only once it is whole.
    /// - Throws: `fileExists`, `unavailable`; there is no copy then.
    package func backUp(to path: String) throws(CredentialError) {
        let pool = try openPool()
        let temporary = try DatabaseFile.makeTemporary(beside: path)
        defer {
            for ending in ["", "-journal", "-wal", "-shm"] { unlink(temporary + ending) }
        }
        try CredentialError.translating {
            let copy = try DatabaseQueue(path: temporary)
            try pool.backup(to: copy)
            try copy.writeWithoutTransaction { database in
                // One file by itself: what it came from is in WAL mode.
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                try Self.requireIntegrity(database)
            }
            try copy.close()
        }
        try DatabaseFile.publish(temporary, as: path)
    }

    /// Looks at a database without changing it: whether its pages are whole, its tables known, and each row readable.
    ///
    /// - Parameter path: The file.
    /// - Returns: What is in it.
    /// - Throws: `unavailable` with the fault.
    package static func inspect(path: String) throws(CredentialError) -> StoreReport {
        let file = try DatabaseFile(path: path, createsIfAbsent: false)
        var configuration = Self.configuration(for: Settings(), busyTimeoutMilliseconds: 2000)
        configuration.readonly = true
        let report = try CredentialError.translating {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let report = try queue.read { database in
                let version = try SQLiteMigrator.version(of: database)
                try requireIntegrity(database)
                return try StoreReport(version: version, SQLiteSession(database: database))
            }
            try queue.close()
            return report
        }
        try file.checkUnchanged()
        return report
    }

    private static func requireIntegrity(_ database: Database) throws {
        let words = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? "no answer"
        guard words == "ok" else { throw CredentialError(.unavailable(.damaged), detail: words) }
    }
}
