import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Names and health checks")
    struct UpstreamMonitorTests {
        /// Answers look-ups as the test says, and counts them.
        private final class Names: Sendable {
            private let state = NIOLockedValueBox<(addresses: [String]?, count: Int)>((nil, 0))

            init(_ addresses: [String]?) { answer(addresses) }

            var count: Int { state.withLockedValue { $0.count } }
            func answer(_ addresses: [String]?) { state.withLockedValue { $0.addresses = addresses } }

            var resolver: NameResolver {
                NameResolver { _, port, eventLoop in
                    let addresses = self.state.withLockedValue { state in
                        state.count += 1
                        return state.addresses
                    }
                    return eventLoop.makeCompletedFuture {
                        guard let addresses else { throw NameResolver.Failure(description: "no such name") }
                        return try addresses.map { try SocketAddress(ipAddress: $0, port: port) }
                    }
                }
            }
        }

        /// A backend on all of loopback's addresses, which answers with the one that was used.
        private func backend() async throws -> Backend {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup, host: "0.0.0.0")
            backend.onRequest { _, responder in
                responder.answer(responder.channel.localAddress?.ipAddress ?? "?")
            }
            return backend
        }

        private func named(_ port: Int) -> Upstream {
            var upstream = Upstream(name: "api", targets: [.init(host: "api.test", port: port)])
            upstream.resolveIntervalMilliseconds = 20
            return upstream
        }

        private func becomes(_ service: Service, _ names: [String: Int]) async throws -> Bool {
            try await TestSupport.eventually(within: .seconds(20)) { try await service.backends(4) == names }
        }

        @Test("all addresses of a name are used; new ones, gone ones and a name that fails are taken as they come")
        func names() async throws {
            let backend = try await backend()
            let names = Names(["127.0.0.1", "127.0.0.2"])
            try await Service.run(named(backend.port), loops: 2, resolver: names.resolver) {
                (service: Service) async throws in
                #expect(try await service.backends(4) == ["127.0.0.1": 2, "127.0.0.2": 2])
                names.answer(["127.0.0.3"])
                for _ in 0..<4 { #expect(try await becomes(service, ["127.0.0.3": 4])) }
                names.answer(nil)
                let before = names.count
                #expect(await TestSupport.eventually(within: .seconds(20)) { names.count > before + 3 })
                #expect(try await service.backends(4) == ["127.0.0.3": 4])
                names.answer(["127.0.0.3", "127.0.0.4"])
                #expect(try await becomes(service, ["127.0.0.3": 2, "127.0.0.4": 2]))
                #expect(service.log.count("the name of an upstream target cannot be resolved") == 1)
                #expect(service.log.count("the name of an upstream target is resolved again") == 1)
                let status = await service.server.upstreamStatus()
                #expect(status.first?.targets.first?.health == .unchecked)
                #expect(status.first?.targets.first?.addresses.count == 2)
            }
            await backend.stop()
        }

        @Test("a name is not looked up for a connection, and one without addresses is 502")
        func noLookUpPerConnection() async throws {
            let backend = try await backend()
            let names = Names(["127.0.0.1"])
            var upstream = named(backend.port)
            upstream.resolveIntervalMilliseconds = 3_600_000
            upstream.idleConnections = 0
            try await Service.run(upstream, resolver: names.resolver) { (service: Service) async throws in
                #expect(try await service.statuses(20) == [200: 20])
                #expect(backend.connectionCount == 20 && names.count == 1)
            }
            try await Service.run(named(backend.port), resolver: Names(nil).resolver) {
                (service: Service) async throws in
                #expect(try await service.call().status == 502)
                #expect(await service.server.upstreamStatus().first?.targets.first?.health == .unresolved)
            }
            await backend.stop()
        }

        @Test("the system's resolver finds this machine, and says when it finds nothing")
        func systemResolver() async throws {
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let addresses = try await NameResolver.system.resolve("localhost", 81, eventLoop).get()
            #expect(addresses.contains { $0.ipAddress == "127.0.0.1" || $0.ipAddress == "::1" })
            #expect(addresses.allSatisfy { $0.port == 81 } && Set(addresses).count == addresses.count)
            await #expect(throws: NameResolver.Failure.self) {
                try await NameResolver.system.resolve("no-such-name.invalid", 81, eventLoop).get()
            }
        }

        @Test("a target with both kinds of address that listens on one is reached at once, whatever the request")
        func bothFamilies() async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            var upstream = named(backend.port)
            upstream.retries = 0
            try await Service.run(upstream, resolver: Names(["::1", "127.0.0.1"]).resolver) {
                (service: Service) async throws in
                #expect(try await service.statuses(30, "POST") == [200: 30])
            }
            await backend.stop()
        }

        private func checked(_ backends: Backend...) -> Upstream {
            var upstream = Upstream(name: "api", targets: backends.map { .init(host: "127.0.0.1", port: $0.port) })
            upstream.health = .init(
                path: "/healthz?x=1", intervalMilliseconds: 50, timeoutMilliseconds: 5_000, unhealthyAfter: 2,
                healthyAfter: 2)
            return upstream
        }

        /// A backend that answers probes with what is in the box, and everything else with its name.
        private func backend(_ name: String, health: NIOLockedValueBox<Int>) async throws -> Backend {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            backend.onRequest { request, responder in
                guard request.startLine.contains("/healthz") else { return responder.answer(name) }
                responder.send("HTTP/1.1 \(health.withLockedValue { $0 }) X\r\nContent-Length: 0\r\n\r\n")
            }
            return backend
        }

        private func health(_ service: Service) async -> [UpstreamStatus.Health] {
            await service.server.upstreamStatus().first?.targets.map(\.health) ?? []
        }

        @Test("an unhealthy target gets no requests until it is well; with none healthy it is 502")
        func healthChecks() async throws {
            let (firstHealth, secondHealth) = (NIOLockedValueBox(200), NIOLockedValueBox(204))
            let first = try await backend("first", health: firstHealth)
            let second = try await backend("second", health: secondHealth)
            try await Service.run(checked(first, second), loops: 2) { (service: Service) async throws in
                func becomes(_ states: [UpstreamStatus.Health]) async -> Bool {
                    await TestSupport.eventually(within: .seconds(20)) { await health(service) == states }
                }
                #expect(await becomes([.healthy, .healthy]))
                #expect(try await service.backends(4) == ["first": 2, "second": 2])
                firstHealth.withLockedValue { $0 = 503 }
                #expect(await becomes([.unhealthy, .healthy]))
                for _ in 0..<4 { #expect(try await self.becomes(service, ["second": 4])) }
                secondHealth.withLockedValue { $0 = 302 }
                #expect(await becomes([.unhealthy, .unhealthy]))
                #expect(try await self.becomes(service, ["502": 4]))
                firstHealth.withLockedValue { $0 = 200 }
                #expect(await becomes([.healthy, .unhealthy]))
                #expect(try await self.becomes(service, ["first": 4]))
                #expect(service.log.count("upstream target is unhealthy") == 2)
                #expect(service.log.all.contains { $0.contains("reason=status 503") })
                let probe = try #require(first.requests.first { $0.startLine == "GET /healthz?x=1 HTTP/1.1" })
                #expect(probe.all("Host") == ["127.0.0.1:\(first.port)"])
            }
            await first.stop()
            await second.stop()
        }

        @Test("checks are made once for the process, whatever the number of event loops")
        func onePerProcess() async throws {
            let health = NIOLockedValueBox(200)
            let backend = try await backend("only", health: health)
            try await Service.run(checked(backend), loops: 4) { (service: Service) async throws in
                let isSteady = await TestSupport.eventually(within: .seconds(20)) { backend.requests.count >= 10 }
                #expect(isSteady)
                // One after the other: each has ended before the next begins.
                #expect(backend.connectionCount - backend.state.closed.count <= 2)
            }
            await backend.stop()
        }

        @Test(
            "who refuses, breaks off, is no HTTP, or is silent fails the check",
            arguments: ["", "close", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "silent"])
        func failures(answer: String) async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            backend.onRequest { _, responder in
                if answer == "silent" { return }
                if answer == "close" { responder.close() } else { responder.send(answer) }
            }
            var upstream = checked(backend)
            if answer == "silent" { upstream.health?.timeoutMilliseconds = 100 }
            if answer.isEmpty { await backend.stop() }
            try await Service.run(upstream) { (service: Service) async throws in
                let fails = await TestSupport.eventually(within: .seconds(20)) { await health(service) == [.unhealthy] }
                #expect(fails)
                #expect(try await service.call().status == 502)
            }
            await backend.stop()
        }
    }
}
