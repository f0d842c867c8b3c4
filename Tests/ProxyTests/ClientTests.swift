import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Clients that leave, wait, or change their mind")
    struct ClientTests {
        private let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"

        @Test("a client that is gone takes its upstream connection with it")
        func gone() async throws {
            try await World.run { world in
                world.backend.onRequest { _, _ in }
                let client = try world.client()
                try client.send(get)
                await eventually("asked") { world.backend.requests.count == 1 }
                client.reset()
                await eventually("upstream closed") { world.backend.state.closed == [0] }
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("a client that is gone within its body takes the upstream connection with it", arguments: [true, false])
        func goneInBody(byReset: Bool) async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                await eventually("head") { world.backend.state.heads == 1 }
                if byReset { client.reset() } else { client.close() }
                await eventually("upstream closed") { world.backend.state.closed == [0] }
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("a client that has said all it had to say still gets its answer")
        func halfClosed() async throws {
            try await World.run { world in
                world.backend.onRequest { _, _ in }
                let client = try world.client()
                try client.send(get)
                client.finishSending()
                await eventually("asked") { world.backend.requests.count == 1 }
                world.backend.state.responders[0].answer("late")
                #expect(try client.readResponse().text == "late")
                #expect(try client.endsNow())
            }
        }

        @Test("all requests sent before the half-close are answered")
        func halfClosedPipeline() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    // The first one waits until the gateway has surely seen the end.
                    if request.index > 0 || request.connection > 0 { responder.answer("\(request.startLine)") }
                }
                let client = try world.client()
                try client.send(
                    get + "GET /api HTTP/1.1\r\nHost: a\r\n\r\n" + "GET /public/3 HTTP/1.1\r\nHost: a\r\n\r\n")
                client.finishSending()
                await eventually("asked") { world.backend.requests.count == 1 }
                world.backend.state.responders[0].answer("first")
                #expect(try client.readResponse().text == "first")
                #expect(try client.readResponse().status == 401)
                #expect(try client.readResponse().text.contains("/public/3"))
                #expect(try client.endsNow())
            }
        }

        @Test("half a request and then the end is closed at once")
        func halfRequest() async throws {
            try await World.run { world in
                for part in ["", "GET /pub", "POST /control HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"] {
                    let client = try world.client()
                    try client.send(part)
                    client.finishSending()
                    #expect(try client.endsNow(), "\(part)")
                }
                let held = try world.client()
                try held.send(
                    "POST /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\nContent-Length: 5\r\n\r\nab")
                held.finishSending()
                await eventually("held") { world.desk.state.held.count == 1 }
                world.desk.release()
                #expect(try held.endsNow())
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("a decision that comes later lets the request go on or refuses it, in order")
        func pending() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(
                    "POST /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\nContent-Length: 3\r\n\r\nabc"
                        + "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-bad\r\n\r\n"
                        + "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer bob\r\n\r\n")
                await eventually("held") { world.desk.state.held.count == 1 }
                #expect(world.backend.state.heads == 0, "nothing goes upstream before the decision")
                #expect(world.desk.state.begun == 1, "one request at a time")
                world.desk.release()
                #expect(try client.readResponse().status == 200)
                await eventually("held again") { world.desk.state.held.count == 1 }
                world.desk.release()
                #expect(try client.readResponse().status == 401)
                #expect(try client.readResponse().status == 200)
                #expect(world.backend.requests.map { $0.all("X-Auth-Subject") } == [["al"], ["bob"]])
                #expect(world.backend.requests[0].body == Array("abc".utf8))
            }
        }

        @Test("a pending decision is cancelled when the client leaves, and comes to nothing")
        func cancelled() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send("GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\n\r\n")
                await eventually("held") { world.desk.state.held.count == 1 }
                client.reset()
                await eventually("cancelled") { world.desk.state.cancelled == 1 }
                world.desk.release()
                #expect(try world.ask(get).status == 200)
                #expect(world.backend.requests.count == 1)
            }
        }

        @Test("a decision that never comes is a 503 and not a pass")
        func neverDecided() async throws {
            var settings = World.Settings()
            settings.limits.headerTimeoutMilliseconds = 100
            try await World.run(settings) { world in
                let client = try world.client()
                try client.send("GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\n\r\n")
                #expect(try client.readResponse().status == 503)
                world.desk.release()
                #expect(try client.endsNow())
                #expect(world.backend.state.heads == 0 && world.desk.state.cancelled == 1)
            }
        }

        @Test("each policy is the route's, in any spelling of the path")
        func policies() async throws {
            try await World.run { (world) async throws in
                for path in [
                    "/admin", "/admin/", "/%61dmin", "/public/../admin", "/public/./..//admin", "/public/%2e%2e/admin",
                ] {
                    #expect(try world.ask("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n").status == 401, "\(path)")
                }
                #expect(world.desk.state.policies.allSatisfy { $0 == 9 })
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("no identity is carried from one request to the next on a connection")
        func identities() async throws {
            try await World.run { world in
                let client = try world.client()
                for name in ["alice", "bob", "carol"] {
                    try client.send("GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(name)\r\n\r\n")
                    #expect(try client.readResponse().status == 200)
                    try client.send("GET /public HTTP/1.1\r\nHost: a\r\nX_Auth.Subject: root\r\n\r\n")
                    #expect(try client.readResponse().status == 200)
                }
                let subjects = world.backend.requests.map { $0.all("X-Auth-Subject") }
                #expect(subjects == [["alice"], [], ["bob"], [], ["carol"], []])
                #expect(
                    world.backend.requests.allSatisfy { $0.all("Authorization").isEmpty && !$0.head.contains("root") })
            }
        }
    }
}
