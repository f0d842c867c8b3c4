import Credentials
import Testing

@Suite("Changing accounts", .timeLimit(.minutes(1)))
struct UserDirectoryTests {
    let directory: TemporaryDirectory
    let accounts: UserDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let store = try SQLCredentialStore(path: directory.file("users.sqlite"), settings: .creating)
        accounts = UserDirectory(
            store: store, pool: try HashingPool(hasher: PasswordHasher(cost: .cheap), threadCount: 2))
    }

    func imported(_ name: String, hash: String = Samples.bcrypt, scope: String = "") -> UserDirectory.ImportedUser {
        UserDirectory.ImportedUser(name: name, passwordHash: hash, scope: scope, isDisabled: false)
    }

    @Test("an account is added, found, listed and disabled")
    func life() async throws {
        try await accounts.add(name: "bob", password: Array("password".utf8), scope: "x", nowMilliseconds: 1)
        try await accounts.add(name: "alice", password: Array("password".utf8), scope: "", nowMilliseconds: 2)
        #expect(try await accounts.list(after: nil, limit: 10).map(\.name.text) == ["alice", "bob"])
        #expect(try await accounts.list(after: "alice", limit: 10).map(\.name.text) == ["bob"])
        try await accounts.setDisabled(true, of: "bob", nowMilliseconds: 3)
        #expect(try await accounts.find(name: "bob")?.isDisabled == true)
        #expect(try await accounts.find(name: "carol") == nil)
    }

    @Test("what breaks a rule is refused and adds nothing")
    func rules() async throws {
        let password = Array("password".utf8)
        await #expect(throws: CredentialError(.invalidName)) {
            try await accounts.add(name: "a\u{0}", password: password, scope: "", nowMilliseconds: 1)
        }
        await #expect(throws: CredentialError(.invalidScope)) {
            try await accounts.add(name: "a", password: password, scope: "x  y", nowMilliseconds: 1)
        }
        await #expect(throws: CredentialError(.passwordTooShort)) {
            try await accounts.add(name: "a", password: Array("short".utf8), scope: "", nowMilliseconds: 1)
        }
        await #expect(throws: CredentialError(.unknownUser)) {
            try await accounts.setPassword(password, of: "a", nowMilliseconds: 1)
        }
        #expect(try await accounts.list(after: nil, limit: 10).isEmpty)
    }

    @Test("an import with one bad account adds none and says which it was")
    func imports() async throws {
        let bad: [(UserDirectory.ImportedUser, CredentialError.Code)] = [
            (imported("b", hash: "$2b$31$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"), .invalidPasswordHash),
            (imported("b", hash: "plaintext"), .invalidPasswordHash), (imported(" b"), .invalidName),
            (imported("b", scope: "\""), .invalidScope),
        ]
        for (user, code) in bad {
            let error = await #expect(throws: CredentialError.self) {
                try await accounts.importUsers([imported("a"), user], nowMilliseconds: 1)
            }
            #expect(error?.code == code)
            #expect(error?.detail.hasPrefix("account 2") == true)
        }
        await #expect(throws: CredentialError(.duplicateName)) {
            try await accounts.importUsers([imported("a"), imported("a")], nowMilliseconds: 1)
        }
        #expect(try await accounts.list(after: nil, limit: 10).isEmpty)
        try await accounts.importUsers([imported("a"), imported("b", hash: Samples.scrypt)], nowMilliseconds: 1)
        #expect(try await accounts.list(after: nil, limit: 10).count == 2)
    }

    @Test("of concurrent additions of one name exactly one wins")
    func concurrentAdditions() async throws {
        let outcomes = await withTaskGroup(of: Result<Int, CredentialError>.self) { group in
            for index in 0..<12 {
                group.addTask {
                    do throws(CredentialError) {
                        let password = Array("password\(index)".utf8)
                        try await accounts.add(name: "alice", password: password, scope: "", nowMilliseconds: 1)
                        return .success(index)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { (try? $0.get()) != nil } == 1)
        #expect(outcomes.count { $0 == .failure(CredentialError(.duplicateName)) } == 11)
    }
}
