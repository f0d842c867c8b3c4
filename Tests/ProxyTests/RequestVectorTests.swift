import Foundation
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Requests of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct RequestVectorTests {
        private static let routes = [Route(label: "all", path: "/", destination: .upstream(0))]

        @Test("what is to be refused never reaches the backend, what is accepted reaches it once and whole")
        func outcomes() async throws {
            let rows = try RequestVector.all()
            #expect(rows.count == RequestVector.count)
            var settings = World.Settings()
            settings.routes = Self.routes
            // The corpus knows of no limit for bodies.
            settings.limits.bodyBytes = .max
            try await World.run(settings) { world in
                world.backend.onRequest { request, responder in
                    // Content for a HEAD would cost the connection.
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
                    if !request.startLine.hasPrefix("HEAD ") { responder.send("ok") }
                }
                var used: Set<String> = []
                for row in rows {
                    world.backend.forget()
                    let bytes = try exchange(row, world)
                    let requests = world.backend.requests
                    // What comes before the client has said all cannot be told apart here; it is in memory.
                    let isExcepted = RequestVerdict.expect(
                        row, status: RequestVerdict.status(of: bytes),
                        isAnsweredEarly: row.strict == "wait" && !bytes.isEmpty, requests)
                    if isExcepted { used.insert(row.id) }
                    if row.strict == "accept", !isExcepted {
                        // What follows the request in the corpus may be half a one, which costs a connection.
                        let isAlone = row.oracle.restLength ?? 0 == 0
                        try expectClean(row, isAlone ? requests.last?.connection : nil, world)
                    }
                    #expect(world.backend.state.violations.isEmpty, "\(row.id): the backend could not read it")
                }
                #expect(used == Set(RequestVector.stricter.keys), "an exception that is not needed")
                #expect(try world.ask("GET /last HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }

        private func exchange(_ row: RequestVector, _ world: World) throws -> [UInt8] {
            let client = try world.client()
            do {
                try client.send([UInt8](row.raw))
                client.finishSending()
            } catch RawClient.Failure.connectionLost {
                // Refused before all of it was sent.
            }
            return try client.readToEnd()
        }

        /// The upstream connection that the request went over serves the next one, and that one alone.
        private func expectClean(_ row: RequestVector, _ connection: Int?, _ world: World) throws {
            world.backend.forget()
            let answer = try world.ask("GET /clean HTTP/1.1\r\nHost: clean.test\r\n\r\n")
            let requests = world.backend.requests
            #expect(answer.status == 200 && answer.text == "ok", "\(row.id): the next answer")
            #expect(requests.count == 1, "\(row.id): the next request")
            guard let request = requests.first else { return }
            #expect(request.startLine == "GET /clean HTTP/1.1" && request.body.isEmpty, "\(row.id): the next request")
            #expect(request.all("Host") == ["clean.test"], "\(row.id): the next request")
            if let connection {
                #expect(request.connection == connection && request.index > 0, "\(row.id): another connection")
            }
        }
    }
}
