import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Draining")
    struct ShutdownTests {
        @Test("idle connections end at once, those in flight after their answer, which says so; nobody new comes in")
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
                let stopping = Task { await server.shutdown(graceMilliseconds: 10_000) }
                // Hands the thread over, so that the shutdown can run.
                await eventually("idle gone") { world.server.connections == 1 }
                #expect(try idle.endsNow())
                #expect(throws: RawClient.Failure.cannotConnect) { try world.client() }
                let slow = world.backend.requests.last { $0.startLine.contains("slow") }
                world.backend.state.responders[slow?.connection ?? 0].answer("done")
                let response = try busy.readResponse()
                #expect(response.text == "done" && response["Connection"] == "close")
                #expect(try busy.endsNow())
                await stopping.value
                #expect(world.server.connections == 0)
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
