import Credentials
import Testing

/// What every store has to do with clients and API keys, whatever it keeps them in.
@Suite("Clients and API keys in stores")
struct MachineCredentialStoringTests {
    let hash: SecretHash

    init() throws {
        hash = try SecretHasher(pepper: Array(repeating: 7, count: 32)).hash([1], of: "x", for: .client)
    }

    func client(_ id: String, isPublic: Bool = false, scope: String = "") throws -> NewClient {
        NewClient(
            id: try ClientID(id), secretHash: isPublic ? nil : hash, grants: [.clientCredentials],
            scope: try ScopeList(scope))
    }

    func key(
        _ id: String, owner: APIKey.Owner, expires: Int64? = nil, addresses: String = "", label: String = ""
    ) throws -> NewAPIKey {
        NewAPIKey(
            id: try APIKeyID(id), secretHash: hash, owner: owner, label: try KeyLabel(label),
            scope: try ScopeList("a b"), addresses: try AddressList(addresses), expiresAtMilliseconds: expires)
    }

    func alice() throws -> APIKey.Owner { .subject(try UserName("alice")) }

    @Test("a client comes back as it was added, public or not", arguments: StoreBackend.all)
    func clients(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add(client("c:1", scope: "a b"), nowMilliseconds: 5)
            try store.add(client("c2", isPublic: true), nowMilliseconds: 6)
            let first = try #require(try store.find(ClientID("c:1")))
            #expect(
                first.client
                    == Client(
                        id: try ClientID("c:1"), isPublic: false, grants: .clientCredentials,
                        scope: try ScopeList("a b"), isDisabled: false, createdAtMilliseconds: 5,
                        updatedAtMilliseconds: 5))
            #expect(first.secretHash == hash)
            let second = try #require(try store.find(ClientID("c2")))
            #expect(second.client.isPublic && second.secretHash == nil)
            #expect(try store.find(ClientID("C2")) == nil)
        }
    }

    @Test("no client has the name of an account, and no account that of a client", arguments: StoreBackend.all)
    func names(backend: StoreBackend) throws {
        try backend.withStore { store in
            let user = NewUser(name: try UserName("alice"), passwordHash: try PasswordHash(Samples.scrypt))
            try store.add([user], nowMilliseconds: 1)
            try store.add(client("robot"), nowMilliseconds: 1)
            #expect(throws: CredentialError(.duplicateName)) { try store.add(client("alice"), nowMilliseconds: 2) }
            #expect(throws: CredentialError(.duplicateName)) { try store.add(client("robot"), nowMilliseconds: 2) }
            let robot = NewUser(name: try UserName("robot"), passwordHash: try PasswordHash(Samples.scrypt))
            #expect(throws: CredentialError(.duplicateName)) { try store.add([robot], nowMilliseconds: 2) }
            #expect(try store.find(UserName("robot")) == nil)
            #expect(try store.find(ClientID("alice")) == nil)
        }
    }

    @Test(
        "clients are listed in pages in the order of their bytes, and disabled one at a time",
        arguments: StoreBackend.all)
    func clientLists(backend: StoreBackend) throws {
        try backend.withStore { store in
            for id in ["b", "a", "Z", "c"] { try store.add(client(id), nowMilliseconds: 1) }
            try store.setDisabled(true, of: ClientID("b"), nowMilliseconds: 9)
            let page = try store.listClients(after: nil, limit: 3)
            #expect(page.map(\.id.text) == ["Z", "a", "b"])
            #expect(page.map(\.isDisabled) == [false, false, true])
            #expect(page[2].updatedAtMilliseconds == 9)
            #expect(try store.listClients(after: page[2].id, limit: 3).map(\.id.text) == ["c"])
            try store.setDisabled(false, of: ClientID("b"), nowMilliseconds: 10)
            #expect(try store.find(ClientID("b"))?.client.isDisabled == false)
            #expect(throws: CredentialError(.unknownClient)) {
                try store.setDisabled(true, of: ClientID("nobody"), nowMilliseconds: 1)
            }
            #expect(throws: CredentialError(.invalidTime)) { try store.add(client("d"), nowMilliseconds: -1) }
        }
    }

    @Test("an API key comes back as it was added", arguments: StoreBackend.all)
    func keys(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add(
                key("AAAAAAAAAAAA", owner: alice(), expires: 99, addresses: "10.0.0.0/8 ::1", label: "nightly job"),
                nowMilliseconds: 5)
            let found = try #require(try store.find(APIKeyID("AAAAAAAAAAAA")))
            #expect(
                found.key
                    == APIKey(
                        id: try APIKeyID("AAAAAAAAAAAA"), owner: try alice(), label: try KeyLabel("nightly job"),
                        scope: try ScopeList("a b"), addresses: try AddressList("10.0.0.0/8 ::1"),
                        createdAtMilliseconds: 5, expiresAtMilliseconds: 99, lastUsedAtMilliseconds: nil,
                        revokedAtMilliseconds: nil))
            #expect(found.secretHash == hash && !found.isOwnerDisabled)
            #expect(try store.find(APIKeyID("aaaaaaaaaaaa")) == nil)
            #expect(throws: CredentialError(.duplicateName)) {
                try store.add(key("AAAAAAAAAAAA", owner: alice()), nowMilliseconds: 6)
            }
            #expect(throws: CredentialError(.unknownClient)) {
                try store.add(key("BBBBBBBBBBBB", owner: .client(ClientID("nobody"))), nowMilliseconds: 6)
            }
        }
    }

    @Test("the owner's state comes with the key: a disabled user, a disabled client", arguments: StoreBackend.all)
    func owners(backend: StoreBackend) throws {
        try backend.withStore { store in
            let user = NewUser(name: try UserName("alice"), passwordHash: try PasswordHash(Samples.scrypt))
            try store.add([user], nowMilliseconds: 1)
            try store.add(client("robot"), nowMilliseconds: 1)
            let (aliceKey, robotKey) = (try APIKeyID("AAAAAAAAAAAA"), try APIKeyID("BBBBBBBBBBBB"))
            try store.add(key(aliceKey.text, owner: alice()), nowMilliseconds: 1)
            try store.add(key(robotKey.text, owner: .client(ClientID("robot"))), nowMilliseconds: 1)
            // Who signs in elsewhere has no account here.
            let elsewhere = try APIKeyID("CCCCCCCCCCCC")
            try store.add(key(elsewhere.text, owner: .subject(UserName("zoe"))), nowMilliseconds: 1)
            #expect(
                try [aliceKey, robotKey, elsewhere].map { try store.find($0)?.isOwnerDisabled } == [
                    false, false, false,
                ])
            try store.setDisabled(true, of: UserName("alice"), nowMilliseconds: 2)
            try store.setDisabled(true, of: ClientID("robot"), nowMilliseconds: 2)
            #expect(
                try [aliceKey, robotKey, elsewhere].map { try store.find($0)?.isOwnerDisabled } == [true, true, false])
        }
    }

    @Test("revoking is for ever, keeps the first time, and touches no other key", arguments: StoreBackend.all)
    func revocation(backend: StoreBackend) throws {
        try backend.withStore { store in
            let (first, second) = (try APIKeyID("AAAAAAAAAAAA"), try APIKeyID("BBBBBBBBBBBB"))
            for id in [first, second] { try store.add(key(id.text, owner: alice()), nowMilliseconds: 1) }
            try store.revoke(first, nowMilliseconds: 10)
            try store.revoke(first, nowMilliseconds: 20)
            #expect(try store.find(first)?.key.revokedAtMilliseconds == 10)
            #expect(try store.find(second)?.key.revokedAtMilliseconds == nil)
            #expect(throws: CredentialError(.unknownAPIKey)) {
                try store.revoke(APIKeyID("000000000000"), nowMilliseconds: 1)
            }
        }
    }

    @Test("all keys of an owner are revoked together, and no one else's", arguments: StoreBackend.all)
    func revocationByOwner(backend: StoreBackend) throws {
        try backend.withStore { store in
            try store.add(client("alice2"), nowMilliseconds: 1)
            try store.add(key("AAAAAAAAAAAA", owner: alice()), nowMilliseconds: 1)
            try store.add(key("BBBBBBBBBBBB", owner: alice(), expires: 5), nowMilliseconds: 1)
            try store.add(key("CCCCCCCCCCCC", owner: alice()), nowMilliseconds: 1)
            try store.add(key("DDDDDDDDDDDD", owner: .client(ClientID("alice2"))), nowMilliseconds: 1)
            #expect(
                try store.revokeAPIKeys(of: alice(), nowMilliseconds: 10).map(\.text) == [
                    "AAAAAAAAAAAA", "CCCCCCCCCCCC",
                ])
            let revoked = try store.listAPIKeys(after: nil, limit: 10).filter { $0.revokedAtMilliseconds != nil }
            #expect(revoked.map(\.id.text) == ["AAAAAAAAAAAA", "BBBBBBBBBBBB", "CCCCCCCCCCCC"])
            #expect(try store.listAPIKeys(after: APIKeyID("BBBBBBBBBBBB"), limit: 1).map(\.id.text) == ["CCCCCCCCCCCC"])
        }
    }

    @Test("a deleted client or key is gone alone; the client's keys stay revoked", arguments: StoreBackend.all)
    func deletion(backend: StoreBackend) throws {
        try backend.withStore { store in
            let (robot, other) = (try ClientID("robot"), try ClientID("other"))
            for id in [robot, other] { try store.add(client(id.text), nowMilliseconds: 1) }
            try store.add(key("AAAAAAAAAAAA", owner: .client(robot)), nowMilliseconds: 1)
            try store.add(key("BBBBBBBBBBBB", owner: .client(other)), nowMilliseconds: 1)
            try store.add(key("CCCCCCCCCCCC", owner: alice()), nowMilliseconds: 1)
            try store.delete(robot, nowMilliseconds: 7)
            #expect(throws: CredentialError(.unknownClient)) { try store.delete(robot, nowMilliseconds: 8) }
            #expect(try store.listClients(after: nil, limit: 10).map(\.id) == [other])
            try store.add(client("robot"), nowMilliseconds: 9)
            let found = try store.listAPIKeys(after: nil, limit: 10)
            #expect(found.map(\.revokedAtMilliseconds) == [7, nil, nil])
            let gone = try APIKeyID("CCCCCCCCCCCC")
            try store.delete(gone)
            #expect(throws: CredentialError(.unknownAPIKey)) { try store.delete(gone) }
            #expect(try store.listAPIKeys(after: nil, limit: 10).map(\.id.text) == ["AAAAAAAAAAAA", "BBBBBBBBBBBB"])
        }
    }

    @Test("the last use only ever moves forward", arguments: StoreBackend.all)
    func uses(backend: StoreBackend) throws {
        try backend.withStore { store in
            let id = try APIKeyID("AAAAAAAAAAAA")
            try store.add(key(id.text, owner: alice()), nowMilliseconds: 1)
            try store.noteUses([:])
            try store.noteUses([id: 50, try APIKeyID("000000000000"): 60])
            try store.noteUses([id: 40])
            #expect(try store.find(id)?.key.lastUsedAtMilliseconds == 50)
            try store.noteUses([id: 70])
            #expect(try store.find(id)?.key.lastUsedAtMilliseconds == 70)
        }
    }
}
