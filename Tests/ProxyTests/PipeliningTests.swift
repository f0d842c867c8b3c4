import Foundation
import Testing

extension GatewayTests {
    @Suite("Pipelining and keep-alive")
    struct PipeliningTests {
        @Test("three pipelined requests are answered in order, each by its own decision")
        func mixedDecisions() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(
                    "GET /api/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n\r\n"
                        + "GET /api/2 HTTP/1.1\r\nHost: a\r\n\r\n"
                        + "GET /api/3 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer bob\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                let refused = try client.readResponse()
                #expect(refused.status == 401)
                #expect(refused["WWW-Authenticate"] == "Bearer realm=\"test\"")
                #expect(try client.readResponse().text == "ok")
                let requests = world.backend.requests
                #expect(requests.map(\.startLine) == ["GET /api/1 HTTP/1.1", "GET /api/3 HTTP/1.1"])
                #expect(requests.map { $0.all("x-auth-subject") } == [["alice"], ["bob"]])
            }
        }

        @Test("a pipelined request on the same upstream connection is not echoed to the client")
        func noEcho() async throws {
            try await World.run { world in
                let client = try world.client()
                let one = "GET /public/1 HTTP/1.1\r\nHost: a\r\nX-Secret: s\r\n\r\n"
                try client.send(one + one + "GET /public/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                let all = String(decoding: try client.readToEnd(), as: UTF8.self)
                #expect(!all.contains("X-Secret"))
                #expect(all.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
                #expect(world.backend.requests.count == 3)
            }
        }

        @Test("what one connection sends upstream never shows up in another's answer")
        func noLeakBetweenClients() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("slow") { return }
                    responder.answer()
                }
                let slow = try world.client()
                try slow.send("GET /public/slow HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("the slow request is there") { world.backend.requests.count == 1 }
                let responder = world.backend.state.responders[0]
                responder.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none")
                #expect(try String(decoding: slow.read(count: 15), as: UTF8.self) == "HTTP/1.1 200 OK")
                for part in ["two", "six"] {
                    #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\nCookie: secret\r\n\r\n").status == 200)
                    responder.send(part)
                }
                let rest = String(decoding: try slow.read(count: 0), as: UTF8.self)
                #expect(rest.isEmpty)
                slow.finishSending()
                let all = String(decoding: try slow.readToEnd(), as: UTF8.self)
                #expect(all.hasSuffix("\r\n\r\nonetwosix"))
                #expect(!all.contains("secret"))
            }
        }
    }
}
