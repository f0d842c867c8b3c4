import Credentials
import Foundation
import GRDB
import Testing

@Suite("Copies of the accounts")
struct CredentialCopyTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func user(_ name: String, isDisabled: Bool = false) throws -> NewUser {
        NewUser(
            name: try UserName(name), passwordHash: try PasswordHash(Samples.scrypt), scope: try ScopeList("a b"),
            isDisabled: isDisabled)
    }

    /// Fills a database with everything that there is, some of it in strange forms.
    private func fill(_ store: SQLCredentialStore) throws {
        let names = (0..<1_201).map { "user\($0)" } + ["\u{E9}", "e\u{301}", "名前", "'; --", "\\", "100%"]
        try store.add(names.map { try user($0, isDisabled: $0 == "\\") }, nowMilliseconds: 3)
        let hash = try SecretHasher(pepper: Array(repeating: 7, count: 32)).hash([1], of: "x", for: .client)
        try store.add(
            NewClient(
                id: try ClientID("robot"), secretHash: hash, grants: [.clientCredentials], scope: try ScopeList("a")),
            nowMilliseconds: 4)
        try store.add(
            NewClient(
                id: try ClientID("public"), secretHash: nil, grants: [.clientCredentials], scope: try ScopeList("")),
            nowMilliseconds: 5)
        try store.add(
            NewAPIKey(
                id: try APIKeyID("abcdefghijkl"), secretHash: hash, owner: .client(try ClientID("robot")),
                label: try KeyLabel("a label"), scope: try ScopeList("a b"), addresses: try AddressList("10.0.0.0/8"),
                expiresAtMilliseconds: 99), nowMilliseconds: 6)
        try store.noteUses([try APIKeyID("abcdefghijkl"): 77])
    }

    /// Everything that a store has, as text.
    private func content(_ store: SQLCredentialStore) throws -> [String] {
        var lines: [String] = []
        var last: UserName?
        while case let page = try store.list(after: last, limit: 1000), !page.isEmpty {
            for user in page {
                lines.append("\(user) \(try #require(try store.find(user.name)).passwordHash.storedForm)")
            }
            last = page.last?.name
        }
        for client in try store.listClients(after: nil, limit: 1000) {
            lines.append("\(client) \(String(describing: try store.find(client.id)?.secretHash?.storedForm))")
        }
        for key in try store.listAPIKeys(after: nil, limit: 1000) {
            lines.append("\(key) \(String(describing: try store.find(key.id)?.secretHash.storedForm))")
        }
        return lines
    }

    private func sqlite(_ name: String) throws -> SQLiteDatabase {
        try SQLiteDatabase(path: directory.file(name), settings: .creating)
    }

    @Test("everything comes over, from each kind of database to each")
    func everything() throws {
        let kinds: [(String) throws -> any SQLDatabase] = [sqlite, { _ in try PostgreSQLFixture().database() }]
        for (number, makeSource) in kinds.enumerated() {
            let source = try makeSource("source\(number)")
            try fill(SQLCredentialStore(source))
            let before = try content(SQLCredentialStore(source))
            #expect(before.count == 1_210)
            for (other, makeTarget) in kinds.enumerated() {
                let target = try makeTarget("target\(number)\(other)")
                let copied = try CredentialCopy.copy(from: source, to: target, replacing: false)
                #expect(copied.map(\.table) == ["users", "clients", "api_keys"])
                #expect(copied.map(\.rowCount) == [1_207, 2, 1])
                #expect(try content(SQLCredentialStore(target)) == before)
                // The database goes on giving numbers of its own.
                try SQLCredentialStore(target).add([user("later")], nowMilliseconds: 9)
            }
            #expect(try content(SQLCredentialStore(source)) == before)
        }
    }

    @Test("a database that has rows is left alone, unless it is to be replaced", arguments: [false, true])
    func occupied(isPostgreSQL: Bool) throws {
        let source = try sqlite("source")
        try fill(SQLCredentialStore(source))
        let target: any SQLDatabase = isPostgreSQL ? try PostgreSQLFixture().database() : try sqlite("target")
        let store = SQLCredentialStore(target)
        try store.add([user("precious")], nowMilliseconds: 1)
        #expect(throws: CredentialError(.targetNotEmpty)) {
            try CredentialCopy.copy(from: source, to: target, replacing: false)
        }
        #expect(try store.list(after: nil, limit: 10).map(\.name.text) == ["precious"])
        _ = try CredentialCopy.copy(from: source, to: target, replacing: true)
        #expect(try content(store) == content(SQLCredentialStore(source)))
    }

    @Test("a copy that fails in the middle leaves the target as it was")
    func failure() throws {
        let source = try sqlite("source")
        try fill(SQLCredentialStore(source))
        let fixture = try PostgreSQLFixture()
        let target = fixture.database()
        try SQLCredentialStore(target).add([user("precious")], nowMilliseconds: 1)
        // A rule that the source does not have: the last table cannot be filled.
        try fixture.run("ALTER TABLE api_keys ADD CHECK (label = '')")
        #expect(throws: CredentialError(.integrityViolation)) {
            try CredentialCopy.copy(from: source, to: target, replacing: true)
        }
        #expect(try content(SQLCredentialStore(target)).count == 1)
    }

    @Test("a backup is whole, private and of one moment, and never takes another file's place")
    func backUp() throws {
        let source = try sqlite("users.sqlite")
        let store = SQLCredentialStore(source)
        try fill(store)
        let before = try content(store)
        let path = directory.file("copy.sqlite")
        try source.backUp(to: path)
        try store.add([user("later")], nowMilliseconds: 9)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        #expect(try SQLiteDatabase.inspect(path: path).userCount == 1_207)
        let copy = try SQLCredentialStore(path: path)
        #expect(try content(copy) == before)
        copy.close()
        let content = FileManager.default.contents(atPath: path)
        #expect(throws: CredentialError(.fileExists)) { try source.backUp(to: path) }
        #expect(FileManager.default.contents(atPath: path) == content)
        #expect(throws: CredentialError.self) { try source.backUp(to: directory.file("no/such/folder")) }
        #expect(try directory.contents().allSatisfy { $0.hasPrefix("users.sqlite") || $0 == "copy.sqlite" })
    }

    @Test("damage is found by looking, and by backing up, which then leaves nothing behind")
    func damage() throws {
        let source = try sqlite("users.sqlite")
        try fill(SQLCredentialStore(source))
        source.close()
        let path = directory.file("users.sqlite")
        let whole = try #require(FileManager.default.contents(atPath: path))
        #expect(try SQLiteDatabase.inspect(path: path).userCount == 1_207)
        var bytes = [UInt8](whole)
        for index in bytes.count / 2..<bytes.count / 2 + 3000 { bytes[index] ^= 0x5A }
        _ = try directory.write(bytes, to: "users.sqlite")
        #expect(throws: CredentialError(.unavailable(.damaged))) { try SQLiteDatabase.inspect(path: path) }
        #expect(throws: CredentialError(.unavailable(.damaged))) {
            try SQLiteDatabase(path: path).backUp(to: directory.file("copy.sqlite"))
        }
        #expect(!FileManager.default.fileExists(atPath: directory.file("copy.sqlite")))
    }
}
