import NIOCore
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Hostile clients")
    struct HostileClientTests {
        private static let chunked = "POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

        /// Sends until the gateway has enough of it, and reads what it says.
        private func overwhelm(_ client: RawClient, _ start: String, _ piece: String, limit: Int) throws -> RawResponse
        {
            try client.send(start)
            _ = client.sendUntilBlocked(Array(piece.utf8), limit: limit, quietMilliseconds: 1_000)
            return try client.readResponse()
        }

        @Test(
            "header bombs are refused when their limit is reached, however long they would go on",
            arguments: [
                ("GET /public HTTP/1.1\r\nHost: a\r\n", "a: b\r\n", 10_000 * 6, 431),
                ("GET /public HTTP/1.1\r\nHost: a\r\nX: ", "yyyyyyyyyyyyyyyy", 10 << 20, 431),
                ("GET /public HTTP/1.1\r\nHost: a\r\nX: y", ",yyyyyyyyyyyyyyy", 256 << 10, 431),
                ("GET /public?", "yyyyyyyyyyyyyyyy", 1 << 20, 414),
                ("GET /public/", "a/", 100_000, 414), ("GET /public/", "../", 100_000, 414),
                ("", "X", 1 << 20, 414),
            ])
        func headerBombs(start: String, piece: String, limit: Int, status: Int) async throws {
            try await World.run { world in
                let client = try world.client()
                let repeated = String(repeating: piece, count: 512)
                #expect(try overwhelm(client, start, repeated, limit: limit).status == status)
                #expect(try client.readToEnd().isEmpty)
                client.close()
                await eventually("gone") { world.server.connections == 0 }
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test(
            "chunk bombs are refused, and the backend never sees such a body end",
            arguments: [
                ("5;x=", "yyyyyyyyyyyyyyyy", 64 << 10, 400), ("5;", "a;", 64 << 10, 400),
                ("5;a=\"", "\\\"", 64 << 10, 400),
                ("", "0000000000000000", 100_000, 400), ("1;a\r\nx\r\n", "1;a=bcdefghij\r\nx\r\n", 100_000, 400),
                ("0\r\n", "a: b\r\n", 1 << 20, 431), ("0\r\na: ", "bbbbbbbbbbbbbbbb", 1 << 20, 431),
                ("fffffffffffffff", "f", 16, 400),
            ])
        func chunkBombs(start: String, piece: String, limit: Int, status: Int) async throws {
            try await World.run { world in
                let client = try world.client()
                let repeated = piece.count == 1 ? piece : String(repeating: piece, count: 512)
                #expect(try overwhelm(client, Self.chunked + start, repeated, limit: limit).status == status)
                _ = try client.readToEnd()
                client.close()
                await eventually("gone") { world.server.connections == 0 }
                await eventually("closed") { world.backend.state.closed.count == world.backend.connectionCount }
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("chunks of one byte, and of many between them, arrive in order and whole")
        func tinyChunks() async throws {
            try await World.run { world in
                let large = String(repeating: "L", count: 5_000)
                var body = ""
                var text = ""
                for index in 0..<8_000 {
                    let part = index.isMultiple(of: 500) ? large : String(index % 10)
                    body += String(part.utf8.count, radix: 16) + "\r\n" + part + "\r\n"
                    text += part
                }
                let client = try world.client()
                try client.send(Self.chunked + body + "0\r\n\r\n" + "GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                #expect(try client.readResponse().status == 200)
                #expect(String(decoding: world.backend.requests[0].body, as: UTF8.self) == text)
                #expect(world.backend.state.violations == [])
            }
        }

        @Test("whoever leaves, in whatever phase and way, leaves nothing behind", arguments: [true, false])
        func leaving(byReset: Bool) async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("half") {
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
                    } else if !request.startLine.contains("never") {
                        responder.answer()
                    }
                }
                let held = "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\n\r\n"
                let beginnings = [
                    "", "G", "GET /public HTTP/1.1\r\n", "GET /public/never HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /public/half HTTP/1.1\r\nHost: a\r\n\r\n", held, held + held,
                    "POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", Self.chunked + "5\r\nab",
                    "POST /control HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
                    "GET /dead HTTP/1.1\r\nHost: a\r\n\r\n", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /no",
                ]
                for round in 0..<4 {
                    for beginning in beginnings {
                        let client = try world.client()
                        try client.send(beginning)
                        // Some leave at once, some when the gateway has had the time to go on.
                        if round.isMultiple(of: 2) { _ = try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n") }
                        if byReset { client.reset() } else { client.close() }
                    }
                }
                world.desk.release()
                // To who has only ended its own side an answer is still owed, so the backend gives it.
                if !byReset {
                    await eventually("asked") { world.backend.requests.count { $0.startLine.contains("never") } == 4 }
                }
                for responder in world.backend.state.responders { responder.answer("late") }
                await eventually("gone") {
                    // Who sent two has the second held when the first is answered.
                    world.desk.release()
                    return world.server.connections == 0
                }
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                // What nobody asked for closes the connections that were clean, too.
                for responder in world.backend.state.responders { responder.answer("late") }
                await eventually("none in use") { world.backend.state.closed.count == world.backend.connectionCount }
            }
        }

        @Test("connections that come and are reset in a flood leave the gateway as it was")
        func resets() async throws {
            try await World.run { world in
                for _ in 0..<1_000 { try world.client().reset() }
                await eventually("gone") { world.server.connections == 0 }
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }
    }
}
