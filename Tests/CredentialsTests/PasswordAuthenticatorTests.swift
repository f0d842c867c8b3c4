import Credentials
import Logging
import Testing

@Suite("Signing in", .timeLimit(.minutes(1)))
struct PasswordAuthenticatorTests {
    static let password = Array("correct horse".utf8)

    let directory: TemporaryDirectory
    let store: SQLCredentialStore
    let derivation = CountingDerivation()
    let pool: HashingPool
    let cost: ScryptCost
    let authenticator: PasswordAuthenticator

    init() async throws {
        directory = try TemporaryDirectory()
        store = try SQLCredentialStore(path: directory.file("users.sqlite"), settings: .creating)
        cost = try ScryptCost(logarithmOfCost: 5, blockSize: 2, parallelization: 2)
        pool = try HashingPool(hasher: PasswordHasher(cost: cost, derivation: derivation), threadCount: 1)
        authenticator = PasswordAuthenticator(store: store, pool: pool, logger: Logger(label: "test"))
        let accounts = UserDirectory(store: store, pool: pool)
        try await accounts.add(name: "alice", password: Self.password, scope: "a b", nowMilliseconds: 1)
        try await accounts.add(name: "disabled", password: Self.password, scope: "", nowMilliseconds: 1)
        try await accounts.setDisabled(true, of: "disabled", nowMilliseconds: 2)
        try await accounts.importUsers(
            [
                UserDirectory.ImportedUser(
                    name: "imported", passwordHash: Samples.bcrypt, scope: "", isDisabled: false),
                UserDirectory.ImportedUser(
                    name: "long", passwordHash: Samples.longBcrypt, scope: "", isDisabled: false),
            ], nowMilliseconds: 1)
        _ = derivation.takeCounts()
    }

    @Test("the right password gives the account, for one hash")
    func success() async throws {
        let user = try await authenticator.authenticate(name: "alice", password: Self.password, address: "192.0.2.1")
        #expect(user.name.text == "alice" && user.scope.text == "a b")
        #expect(derivation.takeCounts() == .init(scrypt: [cost]))
    }

    @Test(
        "every wrong answer gives the same error for the same single hash",
        arguments: [
            ("alice", "wrong password"), ("alice", "x"), ("Alice", "correct horse"), ("nobody", "correct horse"),
            ("", "correct horse"), ("a\nb", "correct horse"), (String(repeating: "a", count: 5_000), "correct horse"),
            ("' OR 1=1 --", "correct horse"), ("disabled", "correct horse"), ("disabled", "wrong password"),
        ])
    func failures(name: String, password: String) async throws {
        let error = await #expect(throws: CredentialError.self) {
            try await authenticator.authenticate(name: name, password: Array(password.utf8), address: "192.0.2.1")
        }
        #expect(error?.code == .invalidCredentials)
        #expect(error?.detail == "")
        #expect(derivation.takeCounts() == .init(scrypt: [cost]))
    }

    @Test(
        "passwords that no account can have are refused without work, whether or not there is an account",
        arguments: ["alice", "nobody"])
    func impossiblePasswords(name: String) async throws {
        for password in [[], [0x61, 0], [UInt8](repeating: 0x61, count: 1025)] {
            await #expect(throws: CredentialError(.invalidCredentials)) {
                try await authenticator.authenticate(name: name, password: password, address: "192.0.2.1")
            }
        }
        #expect(derivation.takeCounts() == .init())
    }

    @Test("an imported hash is checked once, and replaced after the first right password")
    func imported() async throws {
        let password = Array("Kk4DQuMMfZL9o".utf8)
        await #expect(throws: CredentialError(.invalidCredentials)) {
            try await authenticator.authenticate(name: "imported", password: Self.password, address: "192.0.2.1")
        }
        #expect(derivation.takeCounts() == .init(bcrypt: 1))
        #expect(try store.find(UserName("imported"))?.passwordHash.storedForm == Samples.bcrypt)

        _ = try await authenticator.authenticate(name: "imported", password: password, address: "192.0.2.1")
        #expect(derivation.takeCounts() == .init(scrypt: [cost], bcrypt: 1))
        let renewed = try #require(try store.find(UserName("imported")))
        #expect(renewed.passwordHash.storedForm.hasPrefix("$scrypt$ln=5,r=2,p=2$"))
        #expect(renewed.user.updatedAtMilliseconds == 1)

        _ = try await authenticator.authenticate(name: "imported", password: password, address: "192.0.2.1")
        #expect(derivation.takeCounts() == .init(scrypt: [cost]))
        await #expect(throws: CredentialError(.invalidCredentials)) {
            try await authenticator.authenticate(name: "imported", password: Self.password, address: "192.0.2.1")
        }
    }

    @Test("a password that bcrypt would cut off is refused for one hash, and renews nothing")
    func cutOff() async throws {
        let longer = Array((Samples.longBcryptPassword + "!").utf8)
        await #expect(throws: CredentialError(.invalidCredentials)) {
            try await authenticator.authenticate(name: "long", password: longer, address: "192.0.2.1")
        }
        #expect(derivation.takeCounts() == .init(bcrypt: 1))
        #expect(try store.find(UserName("long"))?.passwordHash.storedForm == Samples.longBcrypt)
        _ = try await authenticator.authenticate(
            name: "long", password: Array(Samples.longBcryptPassword.utf8), address: "192.0.2.1")
    }

    @Test("a disabled account with an imported hash stays shut, and its hash is not renewed")
    func disabledImport() async throws {
        try store.setDisabled(true, of: UserName("imported"), nowMilliseconds: 3)
        await #expect(throws: CredentialError(.invalidCredentials)) {
            try await authenticator.authenticate(
                name: "imported", password: Array("Kk4DQuMMfZL9o".utf8), address: "192.0.2.1")
        }
        #expect(derivation.takeCounts() == .init(bcrypt: 1))
        #expect(try store.find(UserName("imported"))?.passwordHash.storedForm == Samples.bcrypt)
    }

    @Test("an account that is enabled again can sign in")
    func enabledAgain() async throws {
        try store.setDisabled(false, of: UserName("disabled"), nowMilliseconds: 3)
        #expect(
            try await authenticator.authenticate(name: "disabled", password: Self.password, address: "192.0.2.1")
                .name.text == "disabled")
    }

    @Test("a new password shuts the old one out")
    func changedPassword() async throws {
        let new = Array("another password".utf8)
        try await UserDirectory(store: store, pool: pool).setPassword(new, of: "alice", nowMilliseconds: 9)
        await #expect(throws: CredentialError(.invalidCredentials)) {
            try await authenticator.authenticate(name: "alice", password: Self.password, address: "192.0.2.1")
        }
        #expect(
            try await authenticator.authenticate(name: "alice", password: new, address: "192.0.2.1")
                .name.text == "alice")
    }

    @Test("a store that cannot be read is an outage, never a wrong or a right password")
    func outage() async throws {
        store.close()
        for name in ["alice", "nobody"] {
            let error = await #expect(throws: CredentialError.self) {
                try await authenticator.authenticate(name: name, password: Self.password, address: "192.0.2.1")
            }
            #expect(error == CredentialError(.unavailable(.closed)))
            #expect(error?.isTemporary == true)
        }
    }

    @Test("a store that cannot be written does not refuse a right password")
    func unwritable() async throws {
        let broken = PasswordAuthenticator(
            store: ReadOnlyStore(base: store), pool: pool,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        #expect(
            try await broken.authenticate(name: "imported", password: Array("Kk4DQuMMfZL9o".utf8), address: "192.0.2.1")
                .name.text
                == "imported")
        #expect(try store.find(UserName("imported"))?.passwordHash.storedForm == Samples.bcrypt)
    }

    @Test("a pool that is shut down refuses")
    func shutDown() async throws {
        await pool.shutDown()
        await #expect(throws: CredentialError(.shutDown)) {
            try await authenticator.authenticate(name: "alice", password: Self.password, address: "192.0.2.1")
        }
    }
}

/// Reads from another store and refuses every change.
private struct ReadOnlyStore: CredentialStoring {
    let base: any CredentialStoring

    private var refusal: CredentialError { CredentialError(.unavailable(.readOnly)) }

    func add(_ users: [NewUser], nowMilliseconds: Int64) throws(CredentialError) { throw refusal }

    func find(_ name: UserName) throws(CredentialError) -> UserRecord? { try base.find(name) }

    func list(after name: UserName?, limit: Int) throws(CredentialError) -> [User] {
        try base.list(after: name, limit: limit)
    }

    func setPasswordHash(_: PasswordHash, of _: UserName, nowMilliseconds _: Int64) throws(CredentialError) {
        throw refusal
    }

    func replacePasswordHash(
        _: PasswordHash, by _: PasswordHash, of _: UserName
    ) throws(CredentialError) -> Bool {
        throw refusal
    }

    func setDisabled(_: Bool, of _: UserName, nowMilliseconds _: Int64) throws(CredentialError) { throw refusal }

    func delete(_: UserName, nowMilliseconds _: Int64) throws(CredentialError) { throw refusal }
}
