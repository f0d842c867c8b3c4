import Credentials
import GRDB
import Testing

@Suite("Tables and their versions")
struct SchemaTests {
    /// What the first columns of every version's tables are filled with, to be found again.
    private static let user = """
        INSERT INTO users (name, password_hash, scope, disabled, created_ms, updated_ms)
        VALUES ('alice', '\(Samples.scrypt)', 'a b', 1, 5, 6)
        """

    private func expectAlice(_ store: SQLCredentialStore) throws {
        let alice = try #require(try store.find(UserName("alice")))
        #expect(alice.user.scope.text == "a b" && alice.user.isDisabled)
        #expect(alice.user.createdAtMilliseconds == 5 && alice.user.updatedAtMilliseconds == 6)
        #expect(alice.passwordHash.storedForm == Samples.scrypt)
        #expect(try store.listClients(after: nil, limit: 10).isEmpty)
        try store.setDisabled(false, of: UserName("alice"), nowMilliseconds: 7)
    }

    @Test("an SQLite file of each older version becomes the newest, and keeps its accounts", arguments: 1...8)
    func olderFiles(version: Int) throws {
        guard version <= CredentialSchema.migrations.count else { return }
        let directory = try TemporaryDirectory()
        let path = try directory.write([], to: "users.sqlite")
        let raw = try DatabaseQueue(path: path)
        try raw.write { database in
            for migration in CredentialSchema.migrations[..<version] { try database.execute(sql: migration(.sqlite)) }
            try database.execute(sql: "PRAGMA application_id = \(0x5043_4C53)")
            try database.execute(sql: "PRAGMA user_version = \(version)")
            try database.execute(sql: Self.user)
        }
        try raw.close()
        let isOld = version < CredentialSchema.migrations.count
        let report = try SQLiteDatabase.inspect(path: path)
        #expect(report.version == version && (report.userCount == nil) == isOld)
        let store = try SQLCredentialStore(path: path)
        try expectAlice(store)
        store.close()
        #expect(try SQLiteDatabase.inspect(path: path).userCount == 1)
    }

    @Test("a PostgreSQL database of each older version becomes the newest, and keeps its accounts", arguments: 1...8)
    func olderDatabases(version: Int) throws {
        guard version <= CredentialSchema.migrations.count else { return }
        let fixture = try PostgreSQLFixture()
        try fixture.run(
            """
            CREATE TABLE portcullis_schema (only_row BIGINT PRIMARY KEY CHECK (only_row = 1), version BIGINT NOT NULL);
            INSERT INTO portcullis_schema VALUES (1, \(version));
            """)
        for migration in CredentialSchema.migrations[..<version] { try fixture.run(migration(.postgreSQL)) }
        try fixture.run(Self.user)
        let isOld = version < CredentialSchema.migrations.count
        let report = try PostgreSQLDatabase.inspect(fixture.settings)
        #expect(report.version == version && (report.userCount == nil) == isOld)
        try expectAlice(fixture.store())
        #expect(try PostgreSQLDatabase.inspect(fixture.settings).userCount == 1)
    }

    @Test("both databases have the tables and columns that are copied, and no others")
    func sameTables() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("users.sqlite")
        try SQLCredentialStore(path: path, settings: .creating).close()
        let raw = try DatabaseQueue(path: path)
        let fixture = try PostgreSQLFixture()
        _ = try fixture.store().list(after: nil, limit: 1)
        let expected = CredentialSchema.tables.map { "\($0.name): id \($0.columns.joined(separator: " "))" }.sorted()
        let inSQLite = try raw.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT t.name || ': ' || (SELECT group_concat(name, ' ') FROM pragma_table_info(t.name))
                    FROM sqlite_schema t WHERE t.type = 'table' ORDER BY 1
                    """)
        }
        try raw.close()
        #expect(inSQLite == expected)
        let inPostgreSQL = try fixture.run(
            """
            SELECT table_name || ': ' || string_agg(column_name, ' ' ORDER BY ordinal_position)
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'portcullis_schema' GROUP BY table_name ORDER BY 1
            """)
        #expect(inPostgreSQL.split(separator: "\n").map(String.init) == expected)
    }
}
