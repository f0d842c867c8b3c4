import Credentials
import Dispatch
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("PostgreSQL", .timeLimit(.minutes(2)))
struct PostgreSQLDatabaseTests {
    func unavailable(_ fault: StoreFault) -> CredentialError { CredentialError(.unavailable(fault)) }

    func user(_ name: String) throws -> NewUser {
        NewUser(name: try UserName(name), passwordHash: try PasswordHash(Samples.scrypt))
    }

    @Test("another program's database is refused and left as it is")
    func foreignDatabase() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.run("CREATE TABLE theirs (x int)")
        let store = fixture.store()
        #expect(throws: unavailable(.foreignDatabase)) { try store.list(after: nil, limit: 1) }
        #expect(throws: unavailable(.foreignDatabase)) { try PostgreSQLDatabase.inspect(fixture.settings) }
        let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
        #expect(try fixture.run(tables) == "theirs")
    }

    @Test("a database in which a name could be read in two ways is refused")
    func encoding() throws {
        let fixture = try PostgreSQLFixture(encoding: "SQL_ASCII")
        #expect(throws: unavailable(.foreignDatabase)) { try fixture.store().list(after: nil, limit: 1) }
    }

    @Test("a database of a newer version is refused, and works again with that version")
    func newerSchema() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.store().add([user("alice")], nowMilliseconds: 1)
        try fixture.run("UPDATE portcullis_schema SET version = 1000")
        #expect(throws: unavailable(.newerSchema)) { try fixture.store().list(after: nil, limit: 1) }
        try fixture.run("UPDATE portcullis_schema SET version = \(CredentialSchema.migrations.count)")
        #expect(try fixture.store().list(after: nil, limit: 10).map(\.name.text) == ["alice"])
    }

    @Test("many nodes may find an empty database at the same moment")
    func concurrentPreparation() throws {
        for _ in 0..<5 {
            let fixture = try PostgreSQLFixture()
            let errors = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 6) { index in
                do {
                    try fixture.store().add([user("user\(index)")], nowMilliseconds: 1)
                } catch {
                    errors.withLock { $0.append("\(error)") }
                }
            }
            #expect(errors.withLock { $0 } == [])
            #expect(try fixture.store().list(after: nil, limit: 10).count == 6)
        }
    }

    @Test("text with NUL, which libpq would cut off, is refused")
    func nul() throws {
        let database = try PostgreSQLFixture().database()
        #expect(throws: CredentialError(.integrityViolation)) {
            try database.read { session throws(CredentialError) in
                _ = try session.rows("SELECT name FROM users WHERE name = $1", [.text("alice\u{0}bob")])
            }
        }
    }

    @Test("the schema itself refuses what the program would never write")
    func schemaRules() throws {
        let fixture = try PostgreSQLFixture()
        let database = fixture.database()
        try SQLCredentialStore(database).add([user("alice")], nowMilliseconds: 1)
        for change in ["name = ''", "disabled = 2", "created_ms = -1", "scope = NULL", "password_hash = ''"] {
            #expect(throws: CredentialError(.integrityViolation)) {
                try database.write { session throws(CredentialError) in
                    try session.execute("UPDATE users SET \(change)", [])
                }
            }
        }
        #expect(try SQLCredentialStore(database).list(after: nil, limit: 10).map(\.name.text) == ["alice"])
    }

    @Test("a row that nobody here wrote is damage, not an account, and is found by looking")
    func damagedRows() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.store().add([user("alice")], nowMilliseconds: 1)
        #expect(try PostgreSQLDatabase.inspect(fixture.settings).userCount == 1)
        try fixture.run("UPDATE users SET password_hash = 'x'")
        #expect(throws: unavailable(.damaged)) { try fixture.store().list(after: nil, limit: 10) }
        #expect(throws: unavailable(.damaged)) { try PostgreSQLDatabase.inspect(fixture.settings) }
    }

    @Test("a statement that waits for a lock ends in time, and the connection is good for the next")
    func statementTimeout() throws {
        let fixture = try PostgreSQLFixture()
        let store = fixture.store { $0.statementTimeoutMilliseconds = 150 }
        try store.add([user("alice")], nowMilliseconds: 1)
        let other = fixture.database()
        try other.write { session throws(CredentialError) in
            try session.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", [])
            #expect { try store.find(UserName("alice")) } throws: { error in
                [unavailable(.timedOut), unavailable(.busy)].contains { $0 == error as? CredentialError }
            }
        }
        #expect(try store.find(UserName("alice")) != nil)
    }

    @Test("changes take turns; one that cannot have its turn changes nothing")
    func writersTakeTurns() throws {
        let fixture = try PostgreSQLFixture()
        let impatient = fixture.store { $0.statementTimeoutMilliseconds = 150 }
        try impatient.add([user("alice")], nowMilliseconds: 1)
        try fixture.database().write { session throws(CredentialError) in
            try session.execute("UPDATE users SET updated_ms = 2", [])
            #expect { try impatient.add([user("bob")], nowMilliseconds: 2) } throws: { error in
                [unavailable(.timedOut), unavailable(.busy)].contains { $0 == error as? CredentialError }
            }
            // Reading waits for nobody.
            #expect(throws: Never.self) { try impatient.find(UserName("alice")) }
        }
        #expect(try impatient.list(after: nil, limit: 10).map(\.name.text) == ["alice"])
    }

    @Test("never more connections than allowed, however many ask")
    func bound() throws {
        let fixture = try PostgreSQLFixture()
        let database = fixture.database {
            $0.connectionLimit = 2
            $0.connectTimeoutMilliseconds = 20_000
        }
        let most = Mutex(0)
        let errors = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 24) { _ in
            do {
                let count = try database.read { session throws(CredentialError) in
                    _ = try session.rows("SELECT CAST(pg_sleep(0.01) AS TEXT)", [])
                    return try session.rows(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()", [])
                }
                most.withLock { $0 = max($0, Int(count.first?.first?.integer ?? 99)) }
            } catch {
                errors.withLock { $0.append("\(error)") }
            }
        }
        #expect(errors.withLock { $0 } == [])
        #expect((1...2).contains(most.withLock { $0 }))
    }

    @Test("where all connections are in use, waiting for one ends in time")
    func exhausted() throws {
        let database = try PostgreSQLFixture().database {
            $0.connectionLimit = 1
            $0.connectTimeoutMilliseconds = 500
        }
        let store = SQLCredentialStore(database)
        try store.add([user("alice")], nowMilliseconds: 1)
        try database.read { _ throws(CredentialError) -> Void in
            #expect(throws: unavailable(.busy)) { try store.find(UserName("alice")) }
        }
        #expect(try store.find(UserName("alice")) != nil)
    }

    @Test("a read-only database can be read, and says what it is when it is to be written")
    func readOnly() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.store().add([user("alice")], nowMilliseconds: 1)
        try fixture.run("ALTER DATABASE \(fixture.name) SET default_transaction_read_only = on")
        let store = fixture.store()
        #expect(try store.find(UserName("alice")) != nil)
        #expect(throws: unavailable(.readOnly)) { try store.add([user("bob")], nowMilliseconds: 2) }
        // By a session of another database, for those of this one may change nothing.
        let writable = "ALTER DATABASE \(fixture.name) SET default_transaction_read_only = off"
        try fixture.server.run(writable, in: "postgres")
        try store.add([user("bob")], nowMilliseconds: 2)
        #expect(try store.list(after: nil, limit: 10).count == 2)
    }

    @Test("a full disk refuses more, and keeps what it has")
    func full() throws {
        let fixture = try PostgreSQLFixture()
        let folder = fixture.server.socketFolder + "/tiny-\(fixture.name)"
        guard let disk = TinyDisk(at: folder, byteCount: 1 << 20, owner: 65534) else {
            print("SKIPPED: no disk of a test's own can be mounted here")
            return
        }
        let store = fixture.store()
        try store.add([user("alice")], nowMilliseconds: 1)
        try fixture.run("CREATE TABLESPACE tiny_\(fixture.name) LOCATION '\(disk.path)'")
        try fixture.run("ALTER TABLE users SET TABLESPACE tiny_\(fixture.name)")
        let many = try (0..<20_000).map { try user("user\($0)") }
        #expect(throws: unavailable(.full)) { try store.add(many, nowMilliseconds: 2) }
        #expect(try store.list(after: nil, limit: 10).map(\.name.text) == ["alice"])
        store.close()
        try fixture.run("ALTER TABLE users SET TABLESPACE pg_default")
        try fixture.run("DROP TABLESPACE tiny_\(fixture.name)")
    }

    @Test("a closed database says so")
    func closed() throws {
        let store = try PostgreSQLFixture().store()
        _ = try store.list(after: nil, limit: 1)
        store.close()
        store.close()
        #expect(throws: unavailable(.closed)) { try store.list(after: nil, limit: 1) }
        #expect(throws: unavailable(.closed)) { try store.add([user("bob")], nowMilliseconds: 2) }
    }

    @Test("a wrong password and a database that is not there are told, without the password")
    func refused() throws {
        let fixture = try PostgreSQLFixture()
        let wrong = fixture.store { $0.password = HiddenText("not it at all") }
        let error = #expect(throws: CredentialError.self) { try wrong.list(after: nil, limit: 1) }
        #expect(error?.code == .unavailable(.unreachable))
        #expect(error?.detail.contains("authentication failed") == true)
        #expect(error?.detail.contains("not it at all") == false)
        let absent = fixture.store { $0.database = "nowhere" }
        #expect(throws: unavailable(.unreachable)) { try absent.list(after: nil, limit: 1) }
        var settings = fixture.settings
        settings.password = HiddenText("hunter2")
        var text = "\(settings)"
        dump(settings, to: &text)
        #expect(!text.contains("hunter2"))
    }

    @Test("a server that accepts and says nothing is given up in time")
    func silentServer() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = try #require(bytes.assumingMemoryBound(to: sockaddr.self).baseAddress)
            try #require(bind(descriptor, pointer, length) == 0 && listen(descriptor, 8) == 0)
            try #require(getsockname(descriptor, pointer, &length) == 0)
        }
        var settings = try PostgreSQLFixture().settings
        settings.hosts = [.init(name: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))]
        settings.connectTimeoutMilliseconds = 100
        let store = SQLCredentialStore(PostgreSQLDatabase(settings))
        #expect(throws: unavailable(.unreachable)) { try store.list(after: nil, limit: 1) }
    }
}
