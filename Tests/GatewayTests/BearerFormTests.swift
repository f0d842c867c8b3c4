import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("forms of Authorization")
    struct BearerFormTests {
        private struct Form: Decodable, Sendable {
            var id: String
            var header_lines: [String]
            var expect: Expectation

            /// The row's word, read loosely: every status it names will do.
            struct Expectation: Decodable, Sendable {
                var statuses: [Int]

                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let status = try? container.decode(Int.self) {
                        statuses = [status]
                    } else {
                        statuses = try container.decode(String.self).matches(of: /[1-5][0-9][0-9]/).compactMap {
                            Int($0.output)
                        }
                    }
                }
            }
        }

        /// Where the row leaves a choice, or leaves open what is malformed, this gateway has made it.
        private static let decisions = [
            "scheme-only": 400, "dup": 400, "dup-evil": 400, "two-sp": 200, "query+header": 200,
        ]

        @Test("each form is answered as its row says", .enabled(if: Vectors.arePresent))
        func forms() async throws {
            let forms = try Vectors.lines(of: "jwt/bearer_cases.jsonl", as: Form.self)
            #expect(forms.count == 30)
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                for form in forms {
                    let answer = try await send(form.header_lines, token, to: gateway)
                    let wanted = Self.decisions[form.id].map { [$0] } ?? form.expect.statuses
                    #expect(wanted.contains(answer.status), "\(form.id): \(answer.status) \(answer.text)")
                    let arrivals = gateway.backend.arrivals
                    #expect(arrivals.isEmpty == (answer.status != 200), "\(form.id)")
                    gateway.backend.forget()
                    for arrival in arrivals {
                        #expect(arrival.values("X-Auth-Subject") == ["carol"], "\(form.id)")
                        #expect(arrival.values("Authorization").isEmpty, "\(form.id)")
                    }
                }
            }
        }

        private func send(
            _ lines: [String], _ token: String, to gateway: GatewayFixture
        ) async throws -> HTTPAnswer {
            var target = "/api/x"
            var fields: [String] = []
            var body = ""
            for line in lines.map({ $0.replacingOccurrences(of: "{TOKEN}", with: token) }) {
                if line.hasPrefix("?") {
                    target += line
                } else if line.hasPrefix("body ") {
                    body = String(line.dropFirst(5))
                    fields.append("Content-Type: application/x-www-form-urlencoded")
                } else {
                    fields.append(line)
                }
            }
            fields.append("Content-Length: \(body.utf8.count)")
            let head = "POST \(target) HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
            let connection = try await gateway.connect()
            // The rows are written in Latin-1, one character an octet.
            await connection.send((head + body).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
            let answer = try await connection.answer()
            await connection.close()
            return answer
        }
    }
}
