import Foundation
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Draining")
    struct ShutdownTests {
        @Test("nobody new comes in; who is connected has one more answer, which says that it is the last")
        func drain() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("slow") { return }
                    responder.answer()
                }
                let idle = try world.client()
                try idle.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try idle.readResponse().status == 200)
                let busy = try world.client()
                try busy.send("GET /public/slow HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("asked") { world.backend.requests.count == 2 }
                let server = world.server
                let stopping = Task { await server.shutdown(graceMilliseconds: 20_000) }
                // Hands the thread over, so that the shutdown can run.
                await eventually("nobody new") { (try? world.client()) == nil }
                try idle.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                let last = try idle.readResponse()
                #expect(last.status == 200 && last["Connection"] == "close")
                #expect(try idle.endsNow())
                let slow = world.backend.requests.last { $0.startLine.contains("slow") }
                world.backend.state.responders[slow?.connection ?? 0].answer("done")
                let response = try busy.readResponse()
                #expect(response.text == "done" && response["Connection"] == "close")
                #expect(try busy.endsNow())
                await stopping.value
                #expect(world.server.connections == 0)
            }
        }

        @Test("an answer whose head said nothing of an end is not the last; the next one says so")
        func headBeforeDrain() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    guard request.index == 0 else { return responder.answer() }
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
                }
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("asked") { world.backend.requests.count == 1 }
                _ = try client.read(count: 1)
                let server = world.server
                let stopping = Task { await server.shutdown(graceMilliseconds: 20_000) }
                await eventually("nobody new") { (try? world.client()) == nil }
                world.backend.state.responders[0].send("def")
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                let text = String(decoding: try client.readToEnd(), as: UTF8.self)
                #expect(text.contains("abcdefHTTP/1.1 200"))
                #expect(text.components(separatedBy: "Connection: close").count == 2)
                await stopping.value
            }
        }

        @Test("who stays idle is closed before the grace is over, and what is in flight goes on")
        func idle() async throws {
            try await World.run { world in
                world.backend.onRequest { _, _ in }
                let idle = try world.client()
                let busy = try world.client()
                try busy.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("asked") { world.backend.requests.count == 1 }
                let server = world.server
                let stopping = Task { await server.shutdown(graceMilliseconds: 6_000) }
                await eventually("idle gone") { world.server.connections == 1 }
                #expect(try idle.endsNow())
                world.backend.state.responders[0].answer("done")
                #expect(try busy.readResponse().text == "done")
                await stopping.value
            }
        }

        @Test("what does not finish in time is closed")
        func grace() async throws {
            try await World.run { world in
                world.backend.onRequest { _, _ in }
                let busy = try world.client()
                try busy.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("asked") { world.backend.requests.count == 1 }
                await world.server.shutdown(graceMilliseconds: 50)
                #expect(try busy.endsNow())
                #expect(world.server.connections == 0)
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }
    }
}
