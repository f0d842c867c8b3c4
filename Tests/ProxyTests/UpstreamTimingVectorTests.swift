import Glibc
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Upstream timing of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct UpstreamTimingVectorTests {
        struct Row: Decodable { var id: String }

        @Test("every row has its check, and no check is left without a row")
        func complete() throws {
            let ids = try Vectors.lines(of: "http1/upstream_timing.jsonl", as: Row.self).map(\.id)
            #expect(ids.sorted() == Self.checks.keys.sorted())
        }

        @Test("what the row says is what happens", arguments: Self.checks.keys.sorted())
        func row(id: String) async throws {
            try await Self.checks[id]?()
        }

        private static let get = SemanticsRows.get

        private static func settings(responseTimeoutMilliseconds: Int64) -> World.Settings {
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = responseTimeoutMilliseconds
            return settings
        }

        /// The backend sends one byte of a text after the other, for as long as its connection is there.
        @Sendable private static func drip(_ text: String, _ responder: Backend.Responder) {
            let bytes = Array(text.utf8)
            @Sendable func next(_ index: Int) {
                guard index < bytes.count, responder.channel.isActive else { return }
                responder.send([bytes[index]])
                responder.channel.eventLoop.scheduleTask(in: .milliseconds(20)) { next(index + 1) }
            }
            next(0)
        }

        private static let checks: [String: RowCheck] = [
            "t-never": { () async throws in
                try await World.run(settings(responseTimeoutMilliseconds: 100)) { (world) async throws in
                    world.backend.onRequest { _, _ in }
                    #expect(try world.ask(get).status == 504)
                    await eventually("upstream closed") { world.backend.state.closed == [0] }
                }
            },
            "t-slow-header": { () async throws in
                try await World.run(settings(responseTimeoutMilliseconds: 300)) { (world) async throws in
                    world.backend.onRequest { _, responder in
                        drip("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 5000))", responder)
                    }
                    #expect(try world.ask(get).status == 504)
                    await eventually("upstream closed") { world.backend.state.closed == [0] }
                }
            },
            "t-slow-body": { () async throws in
                try await World.run(settings(responseTimeoutMilliseconds: 1_000)) { (world) async throws in
                    world.backend.onRequest { _, responder in
                        let body = String(repeating: "x", count: 60)
                        drip("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n\(body)", responder)
                    }
                    // The head alone takes nearly the limit, and the whole more than that.
                    let answer = try world.ask(get)
                    #expect(answer.status == 504 || answer.body.count == 60)
                    world.backend.onRequest { _, responder in
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n")
                        drip(String(repeating: "x", count: 80), responder)
                    }
                    #expect(try world.ask(get).body.count == 80)
                }
            },
            "t-stall-body": { () async throws in
                try await World.run(settings(responseTimeoutMilliseconds: 150)) { (world) async throws in
                    world.backend.onRequest { _, responder in
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
                    }
                    let client = try world.client()
                    try client.send(get + get)
                    let bytes = try client.readToEnd()
                    let answer = try RawResponse.parse(bytes, isHead: false, atEnd: true)?.0
                    #expect(answer?.isComplete == false && answer?.text == "hello")
                    await eventually("upstream closed") { world.backend.state.closed == [0] }
                }
            },
            "t-infinite": { () async throws in
                try await World.run { (world) async throws in
                    world.backend.update { $0.keepsBytes = false }
                    world.backend.onRequest { _, responder in
                        responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
                        for _ in 0..<64 {
                            responder.send("100000\r\n")
                            responder.send(piece)
                            responder.send("\r\n")
                        }
                    }
                    let client = try world.client(receiveBufferBytes: 4096)
                    try client.send(get)
                    _ = try client.read(count: 1000)
                    for _ in 0..<50 {
                        #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
                    }
                    let channel = try #require(world.backend.state.responders.first).channel
                    let left = try await channel.getOption(.bufferedWritableBytes).get()
                    #expect(left > 32 << 20, "the gateway took all but \(left) bytes")
                }
            },
            "t-early": { () async throws in
                try await World.run { (world) async throws in
                    world.backend.onHead { request, responder in
                        guard request.startLine.hasPrefix("POST") else { return }
                        responder.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
                        if request.startLine.contains("close") { responder.close() }
                    }
                    for path in ["/public/close", "/public/reads-on"] {
                        let client = try world.client()
                        try client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nabc")
                        let answer = try client.readResponse()
                        #expect(answer.status == 401 && answer.text == "no")
                        #expect(try client.endsNow())
                    }
                    await eventually("no dirty connection is kept") { world.backend.state.closed == [0, 1] }
                    #expect(try world.ask(get).status == 200)
                }
            },
            "t-idle-408": { () async throws in
                try await World.run { (world) async throws in
                    let client = try world.client()
                    try client.send(get)
                    #expect(try client.readResponse().status == 200)
                    world.backend.state.responders[0].send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
                    await eventually("dropped") { world.backend.state.closed == [0] }
                    try client.send(get)
                    #expect(try client.readResponse().status == 200)
                }
            },
            "t-close-race": { () async throws in
                for method in ["GET", "HEAD", "POST"] {
                    try await World.run { (world) async throws in
                        world.backend.onHead { request, responder in
                            if request.connection == 0, request.index == 1 { responder.reset() }
                        }
                        world.backend.onRequest { request, responder in
                            if request.connection > 0 || request.index == 0 { responder.answer() }
                        }
                        let client = try world.client()
                        try client.send(get)
                        #expect(try client.readResponse().status == 200)
                        try client.send("\(method) /public HTTP/1.1\r\nHost: a\r\n\r\n")
                        let status = try client.readResponse(isHead: method == "HEAD").status
                        #expect(status == (method == "POST" ? 502 : 200), "\(method)")
                        #expect(world.backend.connectionCount == (method == "POST" ? 1 : 2), "\(method)")
                    }
                }
            },
            "t-rst": { () async throws in
                try await World.run { (world) async throws in
                    world.backend.onRequest { _, responder in
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
                    }
                    let client = try world.client()
                    try client.send(get)
                    _ = try client.read(until: "hello")
                    world.backend.state.responders[0].reset()
                    #expect(try client.endsNow())
                }
            },
            "t-refuse": { () async throws in
                #expect(try await SemanticsRows.answered("GET /dead HTTP/1.1\r\nHost: a\r\n\r\n").0.status == 502)
            },
            "t-blackhole": { () async throws in
                let hole = try await BlackHole()
                var settings = World.Settings()
                settings.deadPort = hole.port
                settings.connectTimeoutMilliseconds = 200
                try await World.run(settings) { (world) async throws in
                    #expect(try world.ask("GET /dead HTTP/1.1\r\nHost: a\r\n\r\n").status == 504)
                }
                await hole.close()
            },
            "t-100-never": { () async throws in
                try await World.run { (world) async throws in
                    let client = try world.client()
                    try client.send(
                        "POST /public HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                    await eventually("the expectation is passed on") { world.backend.state.heads == 1 }
                    #expect(world.backend.text(0).contains("Expect: 100-continue"))
                    // RFC 9110 section 10.1.1: a client does not wait for ever.
                    try client.send("body")
                    #expect(try client.readResponse().status == 200)
                }
            },
            "t-client-gone": { () async throws in
                try await World.run { (world) async throws in
                    world.backend.onRequest { _, _ in }
                    let client = try world.client()
                    try client.send(get)
                    await eventually("asked") { world.backend.requests.count == 1 }
                    client.reset()
                    await eventually("cancelled") { world.backend.state.closed == [0] && world.server.connections == 0 }
                }
            },
        ]
    }
}

/// A port that answers no attempt to connect: its queue is full and nobody accepts.
private final class BlackHole {
    let port: Int
    private let listener: any Channel
    private var fillers: [Int32] = []

    init() async throws {
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 0)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        for _ in 0..<3 {
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = target.withSockAddr { connect(filler, $0, socklen_t($1)) }
            fillers.append(filler)
        }
    }

    func close() async {
        for filler in fillers { Glibc.close(filler) }
        try? await listener.close().get()
    }
}
