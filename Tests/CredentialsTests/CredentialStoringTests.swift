import Credentials
import Dispatch
import Synchronization
import Testing

/// What every credential store has to do, whatever it keeps its accounts in.
@Suite("Credential stores")
struct CredentialStoringTests {
    static let hash = Result { try PasswordHash(Samples.scrypt) }

    func user(_ name: String, scope: String = "", isDisabled: Bool = false) throws -> NewUser {
        NewUser(
            name: try UserName(name), passwordHash: try Self.hash.get(), scope: try ScopeList(scope),
            isDisabled: isDisabled)
    }

    @Test("an account comes back as it was added", arguments: StoreBackend.all)
    func addAndFind(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add([user("alice", scope: "a b"), user("bob", isDisabled: true)], nowMilliseconds: 1_234)
            let alice = try #require(try store.find(UserName("alice")))
            #expect(
                alice.user
                    == User(
                        name: try UserName("alice"), scope: try ScopeList("a b"), isDisabled: false,
                        createdAtMilliseconds: 1_234, updatedAtMilliseconds: 1_234))
            #expect(alice.passwordHash.storedForm == Samples.scrypt)
            #expect(try store.find(UserName("bob"))?.user.isDisabled == true)
            #expect(try store.find(UserName("carol")) == nil)
        }
    }

    @Test("names are told apart by case and by normal form", arguments: StoreBackend.all)
    func exactNames(backend: StoreBackend) throws {
        try backend.withStore { store in
            let names = ["alice", "Alice", "\u{E9}", "e\u{301}", "%", "_", "'; DROP TABLE users; --", "名前"]
            for name in names { try store.add([user(name)], nowMilliseconds: 0) }
            for name in names {
                let found = try #require(try store.find(UserName(name)))
                #expect(Array(found.user.name.text.utf8) == Array(name.utf8))
            }
            #expect(try store.find(UserName("ALICE")) == nil)
            #expect(try store.list(after: nil, limit: 1000).count == names.count)
        }
    }

    @Test("a name can be taken once, and a list with a taken name adds nothing", arguments: StoreBackend.all)
    func duplicates(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add([user("alice", scope: "first")], nowMilliseconds: 1)
            #expect(throws: CredentialError(.duplicateName)) {
                try store.add([user("bob"), user("alice", scope: "second"), user("carol")], nowMilliseconds: 2)
            }
            #expect(throws: CredentialError(.duplicateName)) {
                try store.add([user("dave"), user("dave")], nowMilliseconds: 2)
            }
            let users = try store.list(after: nil, limit: 10)
            #expect(users.map(\.name.text) == ["alice"])
            #expect(users.first?.scope.text == "first")
        }
    }

    @Test("lists are in byte order, in pages without gaps and never endless", arguments: StoreBackend.all)
    func lists(backend: StoreBackend) throws {
        try backend.withStore { store in
            let names = (0..<1_100).map { "user\($0)" } + ["Zoe", "é", "zz"]
            try store.add(names.map { try user($0) }, nowMilliseconds: 5)
            var listed: [UserName] = []
            while case let page = try store.list(after: listed.last, limit: 97), !page.isEmpty {
                #expect(page.count <= 97)
                listed += page.map(\.name)
            }
            let expected = try names.map { try UserName($0) }.sorted()
            #expect(listed == expected)
            #expect(try store.list(after: nil, limit: Int.max).count == 1_000)
            #expect(try store.list(after: nil, limit: Int.min).count == 1)
        }
    }

    @Test("password and state are changed for one account alone, with the time of it", arguments: StoreBackend.all)
    func changes(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add([user("alice"), user("bob")], nowMilliseconds: 10)
            let alice = try UserName("alice")
            try store.setPasswordHash(PasswordHash(Samples.bcrypt), of: alice, nowMilliseconds: 20)
            #expect(try store.find(alice)?.passwordHash.storedForm == Samples.bcrypt)
            #expect(try store.find(alice)?.user.updatedAtMilliseconds == 20)
            try store.setDisabled(true, of: alice, nowMilliseconds: 30)
            #expect(try store.find(alice)?.user.isDisabled == true)
            try store.setDisabled(true, of: alice, nowMilliseconds: 31)
            try store.setDisabled(false, of: alice, nowMilliseconds: 40)
            let changed = try #require(try store.find(alice)).user
            #expect(!changed.isDisabled && changed.updatedAtMilliseconds == 40 && changed.createdAtMilliseconds == 10)
            let bob = try #require(try store.find(UserName("bob")))
            #expect(bob.user.updatedAtMilliseconds == 10 && bob.passwordHash.storedForm == Samples.scrypt)
        }
    }

    @Test("a deleted account is gone, its name is free, and its API keys stay revoked", arguments: StoreBackend.all)
    func deletion(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add([user("alice"), user("bob")], nowMilliseconds: 1)
            let hash = try SecretHasher(pepper: Array(repeating: 7, count: 32)).hash([1], of: "x", for: .client)
            for (id, owner) in [("AAAAAAAAAAAA", "alice"), ("BBBBBBBBBBBB", "bob")] {
                try store.add(
                    NewAPIKey(
                        id: APIKeyID(id), secretHash: hash, owner: .subject(UserName(owner)), label: KeyLabel(""),
                        scope: ScopeList(""), addresses: AddressList(""), expiresAtMilliseconds: nil),
                    nowMilliseconds: 1)
            }
            let alice = try UserName("alice")
            try store.delete(alice, nowMilliseconds: 7)
            #expect(try store.find(alice) == nil)
            #expect(throws: CredentialError(.unknownUser)) { try store.delete(alice, nowMilliseconds: 8) }
            try store.add([user("alice")], nowMilliseconds: 9)
            #expect(try store.find(APIKeyID("AAAAAAAAAAAA"))?.key.revokedAtMilliseconds == 7)
            #expect(try store.find(APIKeyID("BBBBBBBBBBBB"))?.key.revokedAtMilliseconds == nil)
            #expect(try store.find(UserName("bob")) != nil)
        }
    }

    @Test("changing an account that does not exist is an error and makes none", arguments: StoreBackend.all)
    func unknownUsers(backend: StoreBackend) throws {
        try backend.withStore { store in
            let nobody = try UserName("nobody")
            #expect(throws: CredentialError(.unknownUser)) {
                try store.setPasswordHash(Self.hash.get(), of: nobody, nowMilliseconds: 1)
            }
            #expect(throws: CredentialError(.unknownUser)) {
                try store.setDisabled(true, of: nobody, nowMilliseconds: 1)
            }
            #expect(try store.list(after: nil, limit: 10).isEmpty)
        }
    }

    @Test("a hash is renewed only while it is still the one that was checked", arguments: StoreBackend.all)
    func renewal(backend: StoreBackend) throws {
        try backend.withStore { store in
            let alice = try UserName("alice")
            let old = try PasswordHash(Samples.bcrypt)
            let new = try Self.hash.get()
            #expect(try !store.replacePasswordHash(old, by: new, of: alice))
            try store.add([NewUser(name: alice, passwordHash: old)], nowMilliseconds: 1)
            #expect(try store.replacePasswordHash(old, by: new, of: alice))
            #expect(try !store.replacePasswordHash(old, by: PasswordHash(Samples.longBcrypt), of: alice))
            #expect(try store.find(alice)?.passwordHash.storedForm == Samples.scrypt)
        }
    }

    @Test("times before 1970 are refused", arguments: StoreBackend.all)
    func times(backend: StoreBackend) throws {
        try backend.withStore { store in
            #expect(throws: CredentialError(.invalidTime)) { try store.add([user("a")], nowMilliseconds: -1) }
            try store.add([user("a")], nowMilliseconds: Int64.max)
            #expect(try store.find(UserName("a"))?.user.createdAtMilliseconds == Int64.max)
        }
    }

    @Test("of concurrent additions of one name exactly one wins", arguments: StoreBackend.all)
    func concurrentAdditions(backend: StoreBackend) throws {
        try backend.withStores(3) { stores in
            let outcomes = Mutex((added: [String](), refused: 0, other: [CredentialError]()))
            DispatchQueue.concurrentPerform(iterations: 24) { index in
                do {
                    let alice = try user("alice", scope: "s\(index)")
                    try stores[index % stores.count].add([alice], nowMilliseconds: 1)
                    outcomes.withLock { $0.added.append("s\(index)") }
                } catch let error as CredentialError {
                    outcomes.withLock { outcomes in
                        if error == CredentialError(.duplicateName) {
                            outcomes.refused += 1
                        } else {
                            outcomes.other.append(error)
                        }
                    }
                } catch {
                    Issue.record(error)
                }
            }
            let (added, refused, other) = outcomes.withLock { $0 }
            #expect(added.count == 1 && refused == 23 && other.isEmpty)
            for store in stores {
                let found = try #require(try store.find(UserName("alice")))
                #expect(found.user.scope.text == added.first)
            }
        }
    }
}
