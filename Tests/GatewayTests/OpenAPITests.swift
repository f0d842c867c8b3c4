import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("the OpenAPI document")
    struct OpenAPITests {
        private static let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("deploy/openapi.yaml")

        /// The operations of the document below a path: method and path, with something in the place of a parameter.
        private static func operations(below prefix: String) throws -> [(method: String, path: String)] {
            var found: [(String, String)] = []
            var path = ""
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                if let match = line.wholeMatch(of: #/  (/[^:]*):/#) {
                    path = String(match.1).replacing("{name}", with: "AAAAAAAAAAAA")
                } else if let match = line.wholeMatch(of: #/    (get|post|patch|delete):/#), path.hasPrefix(prefix) {
                    found.append((match.1.uppercased(), path))
                }
            }
            return found
        }

        @Test("a running gateway serves the file of the repository, and only on the admin listener")
        func served() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let answer = try await gateway.admin("/openapi.yaml")
                #expect(answer.status == 200 && answer.field("Content-Type") == "application/yaml")
                #expect(answer.text == (try String(contentsOf: Self.file, encoding: .utf8)))
                #expect(try await gateway.call("GET", "/openapi.yaml").status == 404)
            }
        }

        @Test("every described operation of the administration is there, and asks for the token")
        func operations() async throws {
            let operations = try Self.operations(below: "/admin/v1/")
            #expect(operations.count >= 23)
            // What the admin tests know of is described, too.
            for (method, path) in AdminTests.paths where !path.contains("//") && !path.hasSuffix("/") {
                let plain = String(path.prefix { $0 != "?" })
                    .replacing(#/\/(users|clients)\/.+$/#) { "/\($0.1)/AAAAAAAAAAAA" }
                #expect(operations.contains { $0 == (method, plain) }, "\(method) \(plain)")
            }
            try await GatewayFixture.with(AdminTests.settings) { gateway in
                for (method, path) in operations {
                    let answer = try await gateway.admin(method, path, json: method == "GET" ? nil : "{}")
                    expectProblem(
                        answer, 401, "unauthorized", challenge: "Bearer realm=\"portcullis\"", "\(method) \(path)")
                }
            }
        }
    }
}
