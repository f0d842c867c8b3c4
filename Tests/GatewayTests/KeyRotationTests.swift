import Foundation
import JOSE
import Sessions
import Synchronization
import TestSupport
import Testing

@Suite("Signing keys change while gateways run")
struct KeyRotationTests {
    /// Two nodes that share a Redis, a key directory and accounts.
    private func keyID(of token: String) throws -> String {
        let bytes = try #require(Base64URL.decode(String(token.prefix { $0 != "." })))
        return try #require(try JSONParser().parse(bytes)["kid"]?.string)
    }

    private func published(_ gateway: GatewayFixture) async throws -> Set<String> {
        let answer = try await gateway.call("GET", "/.well-known/jwks.json")
        let keys = answer.json["keys"] as? [[String: Any]] ?? []
        return Set(keys.compactMap { $0["kid"] as? String })
    }

    /// What the load has seen, and whether it is to stop.
    private final class Tally: Sendable {
        private let counts = Mutex<[String: Int]>([:])
        private let isStopped = Mutex(false)

        var result: [String: Int] { counts.withLock { $0 } }
        var isOver: Bool { isStopped.withLock { $0 } }

        func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
        func stop() { isStopped.withLock { $0 = true } }
    }

    /// Logs in once and then goes on for ever: refresh at one node, use the new token at both.
    private func drive(
        _ nodes: [GatewayFixture], _ start: GatewayFixture.Grant, _ tally: Tally
    ) async throws {
        var grant = start
        var turn = 0
        while !tally.isOver {
            let answer = try await nodes[turn % 2].refresh(grant.refreshToken)
            guard answer.status == 200 else { return tally.count("refresh \(answer.status) \(answer.text)") }
            grant = try GatewayFixture.Grant(answer)
            for node in nodes {
                let status = try await node.call("GET", "/api/load", token: grant.accessToken).status
                tally.count("call \(status)")
            }
            tally.count("key \(try keyID(of: grant.accessToken))")
            turn += 1
        }
    }

    @Test("three rotations under load on two nodes: every request succeeds, and every key signs")
    func threeRotations() async throws {
        try await GatewayFixture.withTwoNodes(issuing: "rotation_grace: 10s, publish_ahead: 4s") { first, second in
            let directory = SigningKeyDirectory(
                path: first.folder.path("keys"), timing: KeyTiming(publishAheadSeconds: 4))
            let tally = Tally()
            let grants = try await [first.login(), second.login(), first.login()]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for grant in grants {
                    group.addTask { try await drive([first, second], grant, tally) }
                }
                // The sessions go on when what derives their refresh tokens changes, too.
                _ = try directory.rotateRefreshKey(nowSeconds: Int64(Date.now.timeIntervalSince1970))
                for _ in 0..<3 {
                    let next = try directory.rotate(nowSeconds: Int64(Date.now.timeIntervalSince1970))
                    for node in [first, second] {
                        #expect(try await eventually { try await published(node).contains(next.keyID) })
                    }
                    #expect(
                        await eventually {
                            tally.result["key \(next.keyID)", default: 0] >= 6
                        }, "the new key signs")
                }
                tally.stop()
                try await group.waitForAll()
            }
            let result = tally.result
            #expect(Set(result.keys.filter { !$0.hasPrefix("key ") }) == ["call 200"], "\(result)")
            #expect(result.keys.count { $0.hasPrefix("key ") } == 4)
            // Those that signed before still verify.
            #expect(try await published(second).count == 4)
        }
    }

    @Test("a leaked key's tokens are refused on every node within seconds, and its sessions go on with another")
    func leakedKey() async throws {
        try await GatewayFixture.withTwoNodes(issuing: "rotation_grace: 10s") { first, second in
            let grant = try await first.login()
            #expect(try await second.call("GET", "/api/x", token: grant.accessToken).status == 200)
            let leaked = try keyID(of: grant.accessToken)
            try SigningKeyDirectory(path: first.folder.path("keys")).retire(
                keyID: leaked, nowSeconds: Int64(Date.now.timeIntervalSince1970), isLeaked: true)
            for node in [first, second] {
                #expect(
                    try await eventually {
                        try await node.call("GET", "/api/x", token: grant.accessToken).status == 401
                    })
                #expect(try await published(node).contains(leaked) == false)
            }
            let renewed = try GatewayFixture.Grant(try await second.refresh(grant.refreshToken))
            #expect(try keyID(of: renewed.accessToken) != leaked)
            #expect(try await first.call("GET", "/api/x", token: renewed.accessToken).status == 200)
        }
    }

    @Test("an unusable key directory keeps the keys there are, and says so")
    func damage() async throws {
        try await GatewayFixture.with(.accounts) { gateway in
            let grant = try await gateway.login()
            try Data("{}".utf8).write(to: URL(fileURLWithPath: gateway.folder.path("keys/manifest.json")))
            chmod(gateway.folder.path("keys/manifest.json"), 0o600)
            #expect(await eventually { gateway.logText.contains("not a key manifest") })
            #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
            #expect(try await gateway.refresh(grant.refreshToken).status == 200)
        }
    }
}
