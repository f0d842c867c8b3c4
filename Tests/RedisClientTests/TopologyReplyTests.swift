import NIOCore
import Testing

@testable import RedisClient

@Suite("what servers say about themselves")
struct TopologyReplyTests {
    private let source = RedisEndpoint.tcp(host: "own", port: 1)

    @Test("slots are those of the specification, by the hash tag where there is one")
    func slots() {
        #expect(HashSlot.slot(of: "123456789") == 0x31C3)
        #expect(HashSlot.slot(of: "foo") == 12_182 && HashSlot.slot(of: "bar") == 5061)
        #expect(HashSlot.slot(of: "{user1000}.following") == HashSlot.slot(of: "user1000"))
        #expect(HashSlot.tag(of: "foo{}{bar}") == nil && HashSlot.tag(of: "foo{{bar}}zap") == "{bar")
        #expect(HashSlot.tag(of: "foo{bar}{zap}") == "bar" && HashSlot.tag(of: "}a{") == nil)
    }

    @Test("redirections are read strictly")
    func redirections() {
        func read(_ text: String) -> RedisRedirection? {
            Array(text.utf8).withUnsafeBytes { RedisRedirection($0) }
        }
        #expect(read("MOVED 3999 127.0.0.1:6381")?.endpoint(from: nil) == .tcp(host: "127.0.0.1", port: 6381))
        #expect(read("ASK 0 ::1:7")?.endpoint(from: nil) == .tcp(host: "::1", port: 7))
        #expect(read("MOVED 1 :7")?.endpoint(from: source) == .tcp(host: "own", port: 7))
        #expect(read("MOVED 1 :7")?.endpoint(from: .unix(path: "/x")) == nil)
        for text in [
            "", "MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a", "MOVED 1 a:0",
            "MOVED 1 a:65536", "MOVED 1 a:1 b", "TRYAGAIN 1 a:1", "MOVED 1 ?:1",
            "MOVED 1 \(String(repeating: "a", count: 300)):1",
        ] {
            #expect(read(text) == nil, "\(text)")
        }
    }

    @Test("CLUSTER NODES: the owner of a slot is the one with the highest epoch; lost nodes are not asked")
    func clusterNodes() {
        let text = """
            a 10.0.0.1:7000@17000,one.example myself,master - 0 0 3 connected 0-100 200 [300-<-b]
            b 10.0.0.2:7000@17000,two.example master - 0 0 7 connected 200 300-400 [101->-a]
            c 10.0.0.3:7000@17000 slave a 0 0 3 connected
            d :0@0 master,noaddr - 0 0 1 disconnected
            e 10.0.0.5:7000@17000 master,fail - 0 0 9 disconnected 500
            f :7000@17000 master - 0 0 2 connected 600
            g 10.0.0.7:7000@17000 master - 0 0 x connected 600
            short line
            """
        let nodes = ClusterNodes(text, source: source, prefersHostNames: false)
        func owner(_ slot: Int) -> RedisEndpoint? { nodes.answer(slot: slot).claim?.primary }
        #expect(owner(0) == .tcp(host: "10.0.0.1", port: 7000) && owner(100) == owner(0))
        #expect(owner(200) == .tcp(host: "10.0.0.2", port: 7000) && owner(300) == owner(200))
        #expect(nodes.answer(slot: 200).claim?.epoch == 7)
        #expect(owner(101) == nil && owner(16_383) == nil)
        #expect(owner(500) == .tcp(host: "10.0.0.5", port: 7000))
        #expect(owner(600) == .tcp(host: "own", port: 7000))
        let peers = nodes.answer(slot: 0).peers
        #expect(peers == [1, 2, 3].map { .tcp(host: "10.0.0.\($0)", port: 7000) } + [.tcp(host: "own", port: 7000)])
        let named = ClusterNodes(text, source: source, prefersHostNames: true)
        #expect(named.answer(slot: 0).claim?.primary == .tcp(host: "one.example", port: 7000))
        #expect(ClusterNodes("", source: source, prefersHostNames: false).answer(slot: 0) == .init())
    }

    @Test("sentinels: an answer without address or epoch names no primary")
    func sentinels() {
        func bulk(_ texts: String...) -> RedisValue { .array(texts.map { .bulk(Array($0.utf8)) }) }
        let whole = SentinelReplies.answer(
            address: bulk("10.0.0.1", "6379"), primary: bulk("name", "m", "config-epoch", "4"),
            sentinels: .array([bulk("ip", "10.0.0.9", "port", "26379"), bulk("ip", "x"), .null]))
        #expect(whole.claim == .init(primary: .tcp(host: "10.0.0.1", port: 6379), epoch: 4))
        #expect(whole.peers == [.tcp(host: "10.0.0.9", port: 26_379)])
        let epoch = bulk("config-epoch", "4")
        for address in [nil, .null, bulk("a"), bulk("a", "0"), bulk("a", "x"), bulk("", "1"), .integer(1)] {
            let answer = SentinelReplies.answer(address: address, primary: epoch, sentinels: nil)
            #expect(answer == .init(), "\(String(describing: address))")
        }
        for primary in [nil, .null, bulk("config-epoch"), bulk("config-epoch", "x"), bulk("x", "4")] {
            let answer = SentinelReplies.answer(address: bulk("a", "1"), primary: primary, sentinels: nil)
            #expect(answer == .init(), "\(String(describing: primary))")
        }
    }

    @Test("a command is taken apart again as it was put together")
    func arguments() {
        let arguments = [Array("MGET".utf8), [], [0, 13, 10, 36], Array("k".utf8)]
        let command = RedisCommand.encode(arguments)
        #expect(RedisCommand.arguments(of: command) == arguments)
        for length in 0..<command.readableBytes {
            #expect(RedisCommand.arguments(of: command.getSlice(at: 0, length: length) ?? ByteBuffer()) == [])
        }
    }
}
