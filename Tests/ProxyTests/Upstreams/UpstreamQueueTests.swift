import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Waiting for a connection")
    struct UpstreamQueueTests {
        /// A gateway that opens one connection, to a backend that answers when told to.
        private func run(
            queue: Int = 10, timeoutMilliseconds: Int64 = 20_000,
            _ body: (Service, Backend) async throws -> Void
        ) async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            backend.onRequest { _, _ in }
            var upstream = Service.upstream(backend.port)
            upstream.connectionLimit = 1
            upstream.queueLimit = queue
            upstream.queueTimeoutMilliseconds = timeoutMilliseconds
            try await Service.run(upstream) { try await body($0, backend) }
            await backend.stop()
        }

        private func arrived(_ count: Int, at backend: Backend) async {
            #expect(await TestSupport.eventually(within: .seconds(20)) { backend.requests.count == count })
        }

        private func ask(_ service: Service, _ target: String) async throws -> HTTPTestConnection {
            let connection = try await service.connect()
            await connection.request("GET", target)
            return connection
        }

        @Test("first come, first served, over the one connection there may be")
        func order() async throws {
            try await run { (service: Service, backend: Backend) async throws in
                var waiting: [HTTPTestConnection] = []
                for number in 0..<5 {
                    waiting.append(try await ask(service, "/\(number)"))
                    // The first one has the connection before the others come; they come one by one.
                    if number == 0 { await arrived(1, at: backend) }
                    #expect(try await service.isIdle())
                }
                for number in 0..<5 {
                    await arrived(number + 1, at: backend)
                    #expect(backend.requests[number].startLine == "GET /\(number) HTTP/1.1")
                    backend.state.responders[0].answer("\(number)")
                    #expect(try await waiting[number].answer(within: .seconds(20)).text == "\(number)")
                }
                #expect(backend.connectionCount == 1)
            }
        }

        @Test("a full queue is 503 with Retry-After at once, one that does not move is after its time")
        func bounds() async throws {
            try await run(queue: 1, timeoutMilliseconds: 300) { (service: Service, backend: Backend) async throws in
                let first = try await ask(service, "/first")
                await arrived(1, at: backend)
                let second = try await ask(service, "/second")
                #expect(try await service.isIdle())
                let third = try await service.call("GET", "/third")
                let late = try await second.answer(within: .seconds(20))
                for refused in [third, late] {
                    #expect(refused.status == 503 && refused.field("Retry-After") == "1")
                    #expect(refused.member("error") == "temporarily_unavailable")
                }
                backend.state.responders[0].answer()
                #expect(try await first.answer(within: .seconds(20)).status == 200)
                #expect(backend.requests.count == 1)
            }
        }

        // Who only closes may still be reading: RFC 9112 section 9.6. Such a place is kept until its time is over.
        @Test("who breaks the connection off takes the place along")
        func leaving() async throws {
            try await run(queue: 1) { (service: Service, backend: Backend) async throws in
                let first = try await ask(service, "/first")
                await arrived(1, at: backend)
                let second = try RawClient(port: service.port)
                try second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await service.isIdle())
                second.reset()
                #expect(await TestSupport.eventually(within: .seconds(20)) { service.server.connections == 1 })
                let third = try await ask(service, "/third")
                #expect(try await service.isIdle())
                #expect(backend.requests.count == 1)
                backend.state.responders[0].answer()
                #expect(try await first.answer(within: .seconds(20)).status == 200)
                await arrived(2, at: backend)
                #expect(backend.requests[1].startLine == "GET /third HTTP/1.1")
                backend.state.responders[0].answer()
                #expect(try await third.answer(within: .seconds(20)).status == 200)
            }
        }

        @Test("a connection that ends lets the next one open its own")
        func connectionEnds() async throws {
            try await run { (service: Service, backend: Backend) async throws in
                let first = try await ask(service, "/first")
                await arrived(1, at: backend)
                let second = try await ask(service, "/second")
                #expect(try await service.isIdle())
                backend.state.responders[0].send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                #expect(try await first.answer(within: .seconds(20)).status == 200)
                await arrived(2, at: backend)
                backend.state.responders[1].answer()
                #expect(try await second.answer(within: .seconds(20)).status == 200)
                #expect(backend.connectionCount == 2)
            }
        }
    }
}

extension Service {
    /// Waits until the event loops have handled what had reached them: what was sent before has been taken up.
    ///
    /// Over a connection of its own, answered by the gateway itself.
    func isIdle() async throws -> Bool {
        for _ in 0..<2 where try await call("OPTIONS", "*").status != 204 { return false }
        return true
    }
}
