import Foundation
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Requests of the shared corpus, at the running gateway", .enabled(if: Vectors.areAvailable))
    struct RequestVectorTests {
        struct Row: Decodable {
            struct Oracle: Decodable {
                var restLength: Int?
                enum CodingKeys: String, CodingKey { case restLength = "rest_len" }
            }
            var id: String
            var raw: Data
            var strict: String
            var oracle: Oracle
            var body: Data?
            enum CodingKeys: String, CodingKey {
                case id, strict, oracle
                case raw = "raw_b64"
                case body = "body_b64"
            }
        }

        /// Requests that the corpus lets through and we refuse, each with the reason.
        static let stricter: [String: String] = [
            "RFC9112-3.2-FRAGMENT-IN-TARGET": "a fragment is never sent; backends disagree about `#`",
            "GUNICORN-valid-005": "`#` in the target",
            "LLHTTP-request-uri-158": "`#` in the target",
            "BYTE-target-23": "`#` in the target",
            "MAL-URL-BACKSLASH": "some backends take `\\` for a slash",
            "LLHTTP-request-uri-151": "`\\` in the target",
            "BYTE-target-5c": "`\\` in the target",
            "BYTE-target-25": "an incomplete percent-encoding in the path",
            "BYTE-target-3b": "`;` in the path: servlet containers cut it off, others do not",
            "MAL-URL-PERCENT-NULL": "an encoded control byte in the path",
            "MAL-URL-PERCENT-CRLF": "encoded control bytes in the path",
            "GUNICORN-invalid-016": "a scheme other than http and https in absolute-form",
            "GUNICORN-valid-rfc9112_target_absolute_userinfo_01": "user information in an authority",
            "LLHTTP-request-uri-160": "user information in an authority",
            "COMP-EXPECT-UNKNOWN": "417 for an expectation nobody here meets (RFC 9110 section 10.1.1)",
            "MTX-CL-CL-expect-obfs": "417 for an expectation nobody here meets",
            "COMP-HTTP12-VERSION": "only 1.0 and 1.1 are spoken; llhttp refuses it too",
            "GUNICORN-invalid-009": "more field lines than the limit",
            "MTX-TE-connection": "`Connection` names a framing field",
            "MTX-CL-CL-connection": "`Connection` names a framing field",
            "MTX-CL-CL-int64max": "a length over 2^53 - 1",
            "MTX-CHUNK-int63": "a chunk over 2^53 - 1",
            "MTX-CHUNK-ext-bws": "white space around `;` and `=` of a chunk extension, which other readers refuse",
        ]

        private static let routes = [Route(label: "all", path: "/", destination: .upstream(0))]

        @Test("what is to be refused never reaches the backend, what is accepted reaches it once and whole")
        func outcomes() async throws {
            let rows = try Vectors.rows("http1/unified_requests.jsonl", as: Row.self)
            #expect(rows.count == 2440)
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
                    if Self.stricter[row.id] != nil, status == nil || (400...599).contains(status ?? 0),
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
                #expect(used == Set(Self.stricter.keys), "an exception that is not needed")
                #expect(try world.ask("GET /last HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }

        private func exchange(_ row: Row, _ world: World) throws -> [UInt8] {
            let client = try world.client()
            do {
                try client.send([UInt8](row.raw))
                client.finishSending()
            } catch RawClient.Failure.connectionLost {
                // Refused before all of it was sent.
            }
            return try client.readToEnd()
        }

        private func accepted(_ row: Row, status: Int?, _ requests: [Backend.Request]) throws {
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
