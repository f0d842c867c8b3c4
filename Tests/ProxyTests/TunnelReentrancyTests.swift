import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Proxy

/// A tunnel on embedded channels, so that any event can come at any moment.
@Suite("Tunnels at awkward moments")
struct TunnelReentrancyTests {
    private typealias Scene = ReentrancyTests.Scene

    private static let handshake = "GET /public HTTP/1.1\r\n\(GatewayTests.WebSocketTests.fields)\r\n"
    private static let accept = GatewayTests.WebSocketTests.accept

    private func scene(asking early: String = "") throws -> Scene {
        var scene = try Scene()
        try scene.addIdle()
        try scene.send(Self.handshake + early)
        return scene
    }

    private func expectNothingLeft(_ scene: Scene, _ what: String) {
        scene.eventLoop.advanceTime(by: .seconds(3))
        #expect(scene.client.phase == .closed && scene.client.upstream == nil, "\(what)")
        #expect(!scene.channel.isActive && !scene.upstreamChannels[0].isActive, "\(what)")
        #expect(scene.loop.connectionCount.current == 0 && !scene.loop.hasConnections, "\(what)")
        #expect(scene.idleCount == 0, "\(what): a tunnel is never used again")
    }

    @Test("either side gone in the very flush that opens the tunnel takes the other along", arguments: [true, false])
    func goneInFlush(isClient: Bool) throws {
        let scene = try scene(asking: "early")
        (isClient ? scene.clientTrap : scene.upstreamTraps[0]).closesOnFlush = true
        try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: Self.accept + "first"))
        expectNothingLeft(scene, "client: \(isClient)")
    }

    @Test("bytes of both sides stay in order around the 101")
    func order() throws {
        let scene = try scene(asking: "one")
        try scene.send("two")
        let head = scene.upstreamTraps[0].text
        #expect(head.hasSuffix("\r\n\r\n"))
        for byte in (Self.accept + "1").utf8 {
            try scene.upstreamChannels[0].writeInbound(ByteBuffer(bytes: [byte]))
        }
        try scene.send("three")
        try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: "23"))
        #expect(scene.upstreamTraps[0].text == head + "onetwothree")
        #expect(scene.clientTrap.text.hasSuffix("\r\n\r\n123"))
        scene.channel.close(promise: nil)
        expectNothingLeft(scene, "order")
    }

    @Test("a client that ended before the 101 came has its end passed on once the tunnel is open")
    func endedBefore() throws {
        let scene = try scene(asking: "last")
        scene.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(scene.client.phase == .exchanging)
        try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: Self.accept))
        #expect(scene.upstreamTraps[0].text.hasSuffix("last"))
        #expect(scene.client.tunnel.ended(.client) == false, "it was told already")
        scene.channel.close(promise: nil)
        expectNothingLeft(scene, "ended before")
    }

    @Test("no sequence of events loses a byte of an open tunnel or leaves anything behind")
    func randomEvents() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: (seed, ~seed))
        for round in 0..<1500 {
            let scene = try scene()
            try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: Self.accept))
            #expect(scene.client.phase == .tunnelling)
            var (toUpstream, toClient) = (scene.upstreamTraps[0].text, scene.clientTrap.text)
            for step in 0..<12 {
                let isOpen = scene.channel.isActive && scene.upstreamChannels[0].isActive
                switch Int.random(in: 0..<10, using: &random) {
                case 0...2 where isOpen:
                    try scene.send("c\(step)")
                    toUpstream += "c\(step)"
                case 3...5 where isOpen:
                    try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: "u\(step)"))
                    toClient += "u\(step)"
                case 6 where isOpen:
                    let channel = Bool.random(using: &random) ? scene.channel : scene.upstreamChannels[0]
                    channel.isWritable.toggle()
                    channel.pipeline.fireChannelWritabilityChanged()
                case 7 where isOpen && step > 6:
                    let channel = Bool.random(using: &random) ? scene.channel : scene.upstreamChannels[0]
                    channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
                case 8 where step > 6:
                    (Bool.random(using: &random) ? scene.clientTrap : scene.upstreamTraps[0]).closesOnFlush = true
                case 9 where step > 8:
                    (Bool.random(using: &random) ? scene.channel : scene.upstreamChannels[0]).close(promise: nil)
                default: scene.eventLoop.run()
                }
                // Once one side has gone, what the other says has nowhere to go.
                if scene.channel.isActive && scene.upstreamChannels[0].isActive {
                    #expect(scene.upstreamTraps[0].text == toUpstream, "seed \(seed), round \(round), step \(step)")
                    #expect(scene.clientTrap.text == toClient, "seed \(seed), round \(round), step \(step)")
                    #expect(scene.client.input.readableBytes == 0, "seed \(seed), round \(round), step \(step)")
                }
            }
            scene.channel.close(promise: nil)
            scene.upstreamChannels[0].close(promise: nil)
            expectNothingLeft(scene, "seed \(seed), round \(round)")
        }
    }
}
