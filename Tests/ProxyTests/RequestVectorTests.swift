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
                var used: Set<String> = []
                for row in rows {
                    world.backend.forget()
                    let bytes = try exchange(row, world)
                    let requests = world.backend.requests
                    let status = Self.status(of: bytes)
                    if RequestVector.stricter[row.id] != nil, status == nil || (400...599).contains(status ?? 0),
                        requests.isEmpty
                    {
                        used.insert(row.id)
                        continue
                    }
                    switch row.strict {
                    case "reject":
                        #expect(status == nil || (400...599).contains(status ?? 0), "\(row.id): \(status ?? 0)")
                        #expect(requests.isEmpty, "\(row.id): reached the backend")
                    case "wait", "reject-or-wait":
                        #expect(status == nil || (400...599).contains(status ?? 0), "\(row.id): \(status ?? 0)")
                        #expect(requests.isEmpty, "\(row.id): reached the backend")
                        if row.strict == "wait" { #expect(bytes.isEmpty, "\(row.id): answered too early") }
                    default:
                        try accepted(row, status: status, requests)
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

        private func accepted(_ row: RequestVector, status: Int?, _ requests: [Backend.Request]) throws {
            let method = String(decoding: row.raw.prefix { $0 != 0x20 }, as: UTF8.self)
            // These are answered by the gateway itself.
            if method == "TRACE" || method == "CONNECT" {
                #expect(status == 501 && requests.isEmpty, "\(row.id)")
                return
            }
            if method == "OPTIONS", row.raw.dropFirst(8).first == UInt8(ascii: "*") {
                #expect(status == 204 && requests.isEmpty, "\(row.id)")
                return
            }
            #expect(status == 200, "\(row.id): \(status ?? 0)")
            if row.oracle.restLength ?? 0 == 0 { #expect(requests.count == 1, "\(row.id): \(requests.count) requests") }
            guard let request = requests.first else { return }
            #expect(request.body == [UInt8](row.body ?? Data()), "\(row.id): body")
            #expect(request.all("Host").count == 1, "\(row.id): Host")
            #expect(
                request.all("Content-Length").count + request.all("Transfer-Encoding").count <= 1, "\(row.id): framing")
        }

        /// The status of the first answer.
        static func status(of bytes: [UInt8]) -> Int? {
            guard bytes.count > 12 else { return nil }
            return Int(String(decoding: bytes[9..<12], as: UTF8.self))
        }
    }
}
