import Foundation
import Glibc
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Targets that are killed, stopped and started again")
    struct UpstreamFaultTests {
        @Test("one of two targets is killed under load: no idempotent request fails")
        func killedUnderLoad() async throws {
            let first = try await BackendProcess.start("first")
            let second = try await BackendProcess.start("second")
            try await Service.run(Service.upstream(first.port, second.port), loops: 2) {
                (service: Service) async throws in
                let load = SteadyLoad(service)
                try await load.during {
                    await load.more(400)
                    await first.kill()
                    await load.more(1000)
                }
                #expect(load.failures == [] && Set(load.counts.keys) == [200], "\(load.counts)")
                #expect(service.log.count("upstream target is left out for a while") >= 1)
                #expect(try await service.backends(10) == ["second": 10])
            }
        }

        @Test("two targets are restarted one after the other under load: no idempotent request fails")
        func rollingRestart() async throws {
            var first = try await BackendProcess.start("first")
            var second = try await BackendProcess.start("second")
            try await Service.run(Service.upstream(first.port, second.port), loops: 2) {
                (service: Service) async throws in
                let load = SteadyLoad(service)
                try await load.during {
                    for _ in 0..<2 {
                        await load.more(300)
                        await first.kill()
                        await load.more(100)
                        first = try await BackendProcess.start("first", port: first.port)
                        // It may still be left out: the other one goes all the same.
                        await second.kill()
                        await load.more(100)
                        second = try await BackendProcess.start("second", port: second.port)
                    }
                    await load.more(300)
                }
                #expect(load.failures == [] && Set(load.counts.keys) == [200], "\(load.counts)")
            }
        }

        @Test("the only target is killed: 502, and it is used again as soon as it is back")
        func onlyTarget() async throws {
            let first = try await BackendProcess.start("first")
            try await Service.run(Service.upstream(first.port)) { (service: Service) async throws in
                #expect(try await service.statuses(5) == [200: 5])
                await first.kill()
                #expect(try await service.statuses(20) == [502: 20])
                #expect(service.log.count("upstream target keeps failing") == 1)
                let again = try await BackendProcess.start("first", port: first.port)
                #expect(try await service.statuses(20) == [200: 20])
                await again.kill()
            }
        }

        @Test("a target that accepts and never answers: 504, then it is left out, and comes back by a trial")
        func silentTarget() async throws {
            let first = try await BackendProcess.start("first")
            let second = try await BackendProcess.start("second")
            var upstream = Service.upstream(first.port, second.port)
            upstream.responseTimeoutMilliseconds = 200
            upstream.ejectAfter = 3
            upstream.ejectTimeMilliseconds = 1000
            try await Service.run(upstream) { (service: Service) async throws in
                #expect(try await service.backends(10) == ["first": 5, "second": 5])
                first.stop()
                let statuses = try await service.statuses(12)
                #expect(statuses[504] == 3 && statuses[200] == 9, "\(statuses)")
                first.resume()
                let isBack = try await TestSupport.eventually(within: .seconds(20)) {
                    try await service.backends(2)["first"] == 1
                }
                #expect(isBack)
                #expect(service.log.count("upstream target is used again") == 1)
            }
        }

        @Test("a request that cannot be repeated goes elsewhere when nobody took its connection", arguments: [0, 1])
        func unrepeatable(retries: Int) async throws {
            let first = try await BackendProcess.start("first")
            let second = try await BackendProcess.start("second")
            var upstream = Service.upstream(first.port, second.port)
            upstream.retries = retries
            try await Service.run(upstream) { (service: Service) async throws in
                await first.kill()
                let statuses = try await service.statuses(40, "POST")
                // Without retries five fail before the target is left out.
                #expect(statuses == (retries == 1 ? [200: 40] : [200: 35, 502: 5]))
            }
        }

        @Test("a target that takes no connections in time is 504, one that refuses is 502")
        func connecting() async throws {
            let full = try await FullListener()
            var upstream = Service.upstream(full.port)
            upstream.connectTimeoutMilliseconds = 100
            try await Service.run(upstream) { (service: Service) async throws in
                #expect(try await service.call().status == 504)
                try await full.close()
                #expect(try await service.call().status == 502)
            }
        }

        @Test("the time for an answer's head is not lengthened by its bytes coming one by one")
        func dripping() async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            backend.onRequest { _, responder in
                let text = Array("HTTP/1.1 200 OK\r\nX-Slow: \(String(repeating: "a", count: 200))\r\n\r\n".utf8)
                for (index, byte) in text.enumerated() {
                    responder.channel.eventLoop.scheduleTask(in: .milliseconds(Int64(index) * 100)) {
                        responder.send([byte])
                    }
                }
            }
            var upstream = Service.upstream(backend.port)
            upstream.responseTimeoutMilliseconds = 500
            upstream.retries = 5
            try await Service.run(upstream) { (service: Service) async throws in
                let status = try await service.call().status
                #expect(status == 504)
                #expect(backend.requests.count == 1, "what may be under way is not sent twice")
            }
            await backend.stop()
        }

        @Test("a service that fails as a whole is not asked twice as much")
        func retryStorm() async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            backend.onRequest { _, responder in responder.close() }
            var upstream = Service.upstream(backend.port)
            upstream.retries = 5
            try await Service.run(upstream) { (service: Service) async throws in
                let start = ContinuousClock.now
                let statuses = try await service.statuses(200)
                #expect(statuses == [502: 200])
                let seconds = Int((ContinuousClock.now - start).components.seconds) + 1
                #expect(backend.requests.count <= 200 + 40 + 10 * (seconds + 1), "\(backend.requests.count)")
                #expect(backend.requests.count >= 240)
            }
            await backend.stop()
        }

        @Test("connections that nobody uses are closed after their time")
        func idleTime() async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            var upstream = Service.upstream(backend.port)
            upstream.idleTimeoutMilliseconds = 300
            try await Service.run(upstream) { (service: Service) async throws in
                let statuses = try await service.statuses(3)
                #expect(statuses == [200: 3])
                #expect(backend.connectionCount == 1)
                #expect(await TestSupport.eventually(within: .seconds(20)) { backend.state.closed == [0] })
            }
            await backend.stop()
        }
    }
}

/// Listens, but has its hands full: a further connection is neither taken nor refused.
private struct FullListener {
    let port: Int
    private let listener: any Channel
    private let fillers: [Int32]

    init() async throws {
        listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 0).serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        fillers = (0..<8).map { _ in
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = address.withSockAddr { connect(filler, $0, socklen_t($1)) }
            return filler
        }
    }

    func close() async throws {
        for filler in fillers { Glibc.close(filler) }
        try await listener.close()
    }
}
