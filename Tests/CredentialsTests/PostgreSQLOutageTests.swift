import Credentials
import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

/// With servers that are really stopped and killed.
@Suite("PostgreSQL when it is away", .timeLimit(.minutes(2)), .serialized)
struct PostgreSQLOutageTests {
    func unavailable(_ fault: StoreFault) -> CredentialError { CredentialError(.unavailable(fault)) }

    func user(_ name: String) throws -> NewUser {
        NewUser(name: try UserName(name), passwordHash: try PasswordHash(Samples.scrypt))
    }

    @Test("while it is stopped nothing is answered and nobody waits; when it is back, so are the accounts")
    func stopped() async throws {
        let server = try PostgreSQLServerProcess()
        let store = try PostgreSQLFixture(server).store()
        try store.add([user("alice")], nowMilliseconds: 1)
        server.stop()
        #expect(throws: unavailable(.unreachable)) { try store.find(UserName("alice")) }
        // Nobody tries again yet, so a thousand askers cost nothing.
        let start = ContinuousClock.now
        for _ in 0..<1_000 {
            #expect(throws: unavailable(.unreachable)) { try store.add([user("bob")], nowMilliseconds: 2) }
        }
        #expect(ContinuousClock.now - start < .seconds(10))
        try server.start()
        #expect(await eventually { (try? store.find(UserName("alice"))) != nil })
        #expect(try store.list(after: nil, limit: 10).map(\.name.text) == ["alice"])
    }

    @Test("after a restart the first question is answered: dead connections are replaced")
    func restarted() throws {
        let server = try PostgreSQLServerProcess()
        let store = try PostgreSQLFixture(server).store()
        try store.add([user("alice")], nowMilliseconds: 1)
        for restart in [server.stop, server.kill] {
            restart()
            try server.start()
            #expect(try store.find(UserName("alice")) != nil)
            restart()
            try server.start()
            try store.setDisabled(false, of: UserName("alice"), nowMilliseconds: 2)
        }
    }

    @Test("a node that starts while it is away works once it is there")
    func startsWithout() async throws {
        let server = try PostgreSQLServerProcess()
        let fixture = try PostgreSQLFixture(server)
        server.stop()
        let store = fixture.store()
        #expect(throws: unavailable(.unreachable)) { try store.list(after: nil, limit: 1) }
        #expect(throws: unavailable(.unreachable)) { try PostgreSQLDatabase.inspect(fixture.settings) }
        try server.start()
        #expect(await eventually { (try? store.add([user("alice")], nowMilliseconds: 1)) != nil })
    }

    @Test("killed while it is written to: what was answered is there, what failed is whole or not there")
    func killedWhileWriting() async throws {
        let server = try PostgreSQLServerProcess()
        let fixture = try PostgreSQLFixture(server)
        let store = fixture.store()
        _ = try store.list(after: nil, limit: 1)
        let outcome = Mutex((answered: [String](), isKilled: false))
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for index in 0..<2_000 where !outcome.withLock({ $0.isKilled }) {
                // In pairs: one without the other would be half a transaction.
                let names = ["t\(thread)-\(index)a", "t\(thread)-\(index)b"]
                do {
                    try store.add(names.map { try user($0) }, nowMilliseconds: 1)
                    outcome.withLock { $0.answered += names }
                } catch {
                    return
                }
                guard thread == 0, index == 40 else { continue }
                server.kill()
                outcome.withLock { $0.isKilled = true }
            }
        }
        try server.start()
        var listed: [String] = []
        #expect(await eventually { (try? store.list(after: nil, limit: 1)) != nil })
        while case let page = try store.list(after: listed.last.map { try UserName($0) }, limit: 1000), !page.isEmpty {
            listed += page.map(\.name.text)
        }
        let answered = outcome.withLock { $0.answered }
        #expect(answered.count >= 80)
        #expect(Set(answered).isSubset(of: listed))
        let pairs = Dictionary(grouping: listed) { $0.dropLast() }
        #expect(pairs.values.allSatisfy { $0.count == 2 })
    }
}

@Suite("PostgreSQL over TLS", .timeLimit(.minutes(2)), .serialized)
struct PostgreSQLTLSTests {
    @Test("the server is verified as far as the mode says, and never more is promised than that")
    func modes() throws {
        let authority = try TestAuthority()
        let other = try TestAuthority()
        let server = try PostgreSQLServerProcess(tls: authority.issue("db", names: ["localhost"]))
        let fixture = try PostgreSQLFixture(server)
        func connects(
            _ mode: PostgreSQLSettings.TLSMode, root: String?, host: String = "localhost"
        ) -> Bool {
            let store = fixture.store {
                $0.tlsMode = mode
                $0.rootCertificateFile = root
                $0.hosts = [.init(name: host, port: server.port)]
                $0.connectTimeoutMilliseconds = 10_000
            }
            return (try? store.list(after: nil, limit: 1)) != nil
        }
        let root = authority.root.certificate
        #expect(connects(.verifyFull, root: root))
        #expect(!connects(.verifyFull, root: root, host: "127.0.0.1"))
        #expect(connects(.verifyAuthority, root: root, host: "127.0.0.1"))
        #expect(!connects(.verifyFull, root: other.root.certificate))
        #expect(!connects(.verifyAuthority, root: other.root.certificate))
        #expect(!connects(.verifyFull, root: "/nonexistent/root.pem"))
        #expect(connects(.require, root: "/nonexistent/root.pem"))
        // The server of this test takes nobody without.
        #expect(!connects(.disable, root: nil))
    }
}
