import Credentials
import Dispatch
import Foundation
import GRDB
import Synchronization
import Testing

@Suite("The SQLite file")
struct SQLiteCredentialStoreTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("users.sqlite")
    }

    func user(_ name: String) throws -> NewUser {
        NewUser(name: try UserName(name), passwordHash: try PasswordHash(Samples.scrypt))
    }

    /// Makes a database with one account, and closes it.
    func makeDatabase() throws {
        let store = try SQLCredentialStore(path: path, settings: .creating)
        try store.add([user("alice")], nowMilliseconds: 1)
        store.close()
    }

    /// Checks that the database still is whole and holds the account of `makeDatabase` and no other.
    func expectIntact() throws {
        let store = try SQLCredentialStore(path: path)
        #expect(try store.list(after: nil, limit: 10).map(\.name.text) == ["alice"])
        store.close()
        let raw = try DatabaseQueue(path: path)
        #expect(try raw.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        try raw.close()
    }

    func unavailable(_ fault: StoreFault) -> CredentialError { CredentialError(.unavailable(fault)) }

    @Test("a new database is made with mode 0600, in WAL, with the newest tables, and all its files are private")
    func creation() throws {
        let store = try SQLCredentialStore(path: path, settings: .creating)
        try store.add([user("alice")], nowMilliseconds: 1)
        #expect(try directory.contents() == ["users.sqlite", "users.sqlite-shm", "users.sqlite-wal"])
        for name in try directory.contents() {
            let mode = try FileManager.default.attributesOfItem(atPath: directory.file(name))[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600)
        }
        store.close()
        let raw = try DatabaseQueue(path: path)
        let answers = try raw.read { database in
            try ["journal_mode", "user_version", "application_id"].map { name in
                try String.fetchOne(database, sql: "PRAGMA \(name)")
            }
        }
        #expect(answers == ["wal", "2", "\(0x5043_4C53)"])
        try raw.close()
        try expectIntact()
    }

    @Test("an empty file is brought to the newest tables")
    func emptyFile() throws {
        _ = try directory.write([], to: "users.sqlite")
        try makeDatabase()
        try expectIntact()
    }

    @Test("where there is no database none is made unless asked for")
    func absent() throws {
        #expect(throws: unavailable(.absent)) { try SQLCredentialStore(path: path) }
        #expect(try directory.contents() == [])
        for path in [directory.file("no/such/directory"), directory.file("\u{0}")] {
            #expect(throws: CredentialError.self) { try SQLCredentialStore(path: path, settings: .creating) }
        }
    }

    @Test("a file that others may read is refused", arguments: [0o640, 0o604, 0o660, 0o666])
    func insecureMode(mode: Int) throws {
        try makeDatabase()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(throws: unavailable(.insecureFileMode)) { try SQLCredentialStore(path: path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try expectIntact()
    }

    @Test("garbage is refused and left as it is", arguments: [1, 100, 511, 512, 4096, 20_000])
    func garbage(byteCount: Int) throws {
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: 1...255) }
        _ = try directory.write(bytes, to: "users.sqlite")
        #expect(throws: unavailable(.notADatabase)) { try SQLCredentialStore(path: path, settings: .creating) }
        #expect(FileManager.default.contents(atPath: path) == Data(bytes))
        #expect(try directory.contents() == ["users.sqlite"])
    }

    @Test("a directory is no database")
    func directoryAsDatabase() throws {
        #expect(throws: unavailable(.notADatabase)) { try SQLCredentialStore(path: directory.path) }
    }

    @Test("the database of another program is refused and left as it is", arguments: [0, 0x1234_5678])
    func foreignDatabase(applicationID: Int) throws {
        _ = try directory.write([], to: "users.sqlite")
        let raw = try DatabaseQueue(path: path)
        try raw.write { database in
            try database.execute(sql: "CREATE TABLE theirs (x); PRAGMA application_id = \(applicationID)")
        }
        try raw.close()
        let before = FileManager.default.contents(atPath: path)
        #expect(throws: unavailable(.foreignDatabase)) { try SQLCredentialStore(path: path, settings: .creating) }
        #expect(FileManager.default.contents(atPath: path) == before)
        #expect(try directory.contents() == ["users.sqlite"])
    }

    @Test("a database of a newer version is refused and works again with that version")
    func newerSchema() throws {
        try makeDatabase()
        func setVersion(_ version: Int) throws {
            let raw = try DatabaseQueue(path: path)
            try raw.write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
            try raw.close()
        }
        try setVersion(1_000)
        #expect(throws: unavailable(.newerSchema)) { try SQLCredentialStore(path: path) }
        try setVersion(2)
        try expectIntact()
    }

    @Test("a locked database makes writers fail in time and readers not at all")
    func busy() throws {
        try makeDatabase()
        let store = try SQLCredentialStore(path: path, settings: .impatient)
        let other = try DatabaseQueue(path: path)
        try other.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            #expect(throws: unavailable(.busy)) { try store.add([user("bob")], nowMilliseconds: 2) }
            #expect(throws: unavailable(.busy)) {
                try store.setDisabled(true, of: UserName("alice"), nowMilliseconds: 2)
            }
            #expect(try store.find(UserName("alice"))?.user.isDisabled == false)
            try database.execute(sql: "ROLLBACK")
        }
        try store.setDisabled(false, of: UserName("alice"), nowMilliseconds: 3)
        try other.close()
        store.close()
        try expectIntact()
    }

    @Test("a full database refuses more and keeps what it has")
    func full() throws {
        try makeDatabase()
        var settings = SQLiteDatabase.Settings()
        settings.maximumByteCount = 16 * 4096
        let store = try SQLCredentialStore(path: path, settings: settings)
        let many = try (0..<2_000).map { try user("user\($0)") }
        #expect(throws: unavailable(.full)) { try store.add(many, nowMilliseconds: 2) }
        #expect(try store.list(after: nil, limit: 10).map(\.name.text) == ["alice"])
        store.close()
        try expectIntact()
    }

    @Test("a file without write permission can be read at most, and takes no harm")
    func readOnlyFile() throws {
        try makeDatabase()
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
        try Unprivileged.run(owning: [directory.path, path]) {
            do {
                let store = try SQLCredentialStore(path: path, settings: .impatient)
                #expect(throws: unavailable(.readOnly)) { try store.add([user("bob")], nowMilliseconds: 2) }
                store.close()
            } catch let error as CredentialError {
                #expect([unavailable(.readOnly), unavailable(.cannotOpen)].contains(error))
            }
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try expectIntact()
    }

    @Test("a directory without write permission gives a typed error, and its database takes no harm")
    func readOnlyDirectory() throws {
        try makeDatabase()
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.path)
        try Unprivileged.run(owning: [directory.path, path]) {
            let faults = [unavailable(.readOnly), unavailable(.cannotOpen)]
            #expect { try SQLCredentialStore(path: path, settings: .impatient) } throws: { error in
                faults.contains { $0 == error as? CredentialError }
            }
            #expect(throws: unavailable(.cannotOpen)) {
                try SQLCredentialStore(path: directory.file("new.sqlite"), settings: .creating)
            }
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.path)
        #expect(try directory.contents() == ["users.sqlite"])
        try expectIntact()
    }

    @Test("a database whose pages are damaged gives a typed error")
    func damagedPages() throws {
        try makeDatabase()
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: 4096)
        let size = try #require(FileManager.default.contents(atPath: path)?.count)
        handle.write(Data(repeating: 0xFF, count: size - 4096))
        try handle.close()
        #expect(throws: unavailable(.damaged)) {
            let store = try SQLCredentialStore(path: path)
            defer { store.close() }
            return try store.find(UserName("alice"))
        }
    }

    @Test(
        "a row that nobody here wrote is damage, not an account",
        arguments: [
            "password_hash = 'x'", "password_hash = '$scrypt$ln=20,r=8,p=1$AAECAwQFBgc$AAECAwQFBgcICQoLDA0ODw'",
            "scope = ' '", "name = 'ali' || char(10) || 'ce'",
        ])
    func damagedRows(change: String) throws {
        try makeDatabase()
        let raw = try DatabaseQueue(path: path)
        try raw.write { try $0.execute(sql: "UPDATE users SET \(change)") }
        try raw.close()
        let store = try SQLCredentialStore(path: path)
        #expect(throws: unavailable(.damaged)) { try store.list(after: nil, limit: 10) }
        store.close()
    }

    @Test("the schema itself refuses what the program would never write")
    func schemaRules() throws {
        try makeDatabase()
        let raw = try DatabaseQueue(path: path)
        for change in [
            "name = ''", "name = x'00'", "disabled = 2", "disabled = 'yes'", "created_ms = -1", "scope = NULL",
        ] {
            #expect(throws: DatabaseError.self) {
                try raw.write { try $0.execute(sql: "UPDATE users SET \(change)") }
            }
        }
        try raw.close()
        try expectIntact()
    }

    @Test("a file deleted or replaced while it is open is noticed")
    func replaced() throws {
        try makeDatabase()
        let store = try SQLCredentialStore(path: path)
        let aside = directory.file("aside.sqlite")
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        #expect(throws: unavailable(.absent)) { try store.find(UserName("alice")) }
        _ = try directory.write([], to: "users.sqlite")
        #expect(throws: unavailable(.replaced)) { try store.add([user("bob")], nowMilliseconds: 2) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        #expect(try store.find(UserName("alice")) != nil)
        store.close()
        try expectIntact()
    }

    @Test("a closed store says so")
    func closed() throws {
        try makeDatabase()
        let store = try SQLCredentialStore(path: path)
        store.close()
        store.close()
        #expect(throws: unavailable(.closed)) { try store.find(UserName("alice")) }
        #expect(throws: unavailable(.closed)) { try store.add([user("bob")], nowMilliseconds: 2) }
        try expectIntact()
    }

    @Test("many stores may open and fill an absent database at the same moment")
    func concurrentCreation() throws {
        let errors = Mutex<[any Error]>([])
        // One round seldom has two stores find the database empty, so there are many.
        for round in 0..<40 {
            let path = directory.file("round\(round).sqlite")
            DispatchQueue.concurrentPerform(iterations: 4) { index in
                do {
                    let store = try SQLCredentialStore(path: path, settings: .creating)
                    try store.add([user("user\(index)")], nowMilliseconds: 1)
                    store.close()
                } catch {
                    errors.withLock { $0.append(error) }
                }
            }
            let store = try SQLCredentialStore(path: path)
            #expect(try store.list(after: nil, limit: 100).count == 4)
            store.close()
        }
        #expect(errors.withLock { $0.map { "\($0)" } } == [])
        #expect(try directory.contents() == (0..<40).map { "round\($0).sqlite" }.sorted())
    }

    @Test("two processes share a database")
    func twoProcesses() async throws {
        let store = try SQLCredentialStore(path: path, settings: .creating)
        try store.add([user("parent")], nowMilliseconds: 1)
        await #expect(processExitsWith: .success) { [path = path as String] in
            let store = try SQLCredentialStore(path: path)
            let hash = try PasswordHash(Samples.scrypt)
            for index in 0..<50 {
                let child = NewUser(name: try UserName("child\(index)"), passwordHash: hash)
                try store.add([child], nowMilliseconds: 2)
            }
            try store.setDisabled(true, of: UserName("parent"), nowMilliseconds: 3)
            try #require(try store.find(UserName("parent"))?.user.isDisabled == true)
            store.close()
        }
        #expect(try store.list(after: nil, limit: 100).count == 51)
        #expect(try store.find(UserName("parent"))?.user.isDisabled == true)
        store.close()
    }
}
