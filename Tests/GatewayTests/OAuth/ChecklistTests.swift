import Foundation
import TestSupport
import Testing

extension AccountTests {
    /// Each requirement of the OAuth checklist has a test: one whose name begins with it, or one that is named here.
    @Suite("OAuth: the checklist")
    struct ChecklistTests {
        private struct Requirement: Decodable {
            var id: String
        }

        /// Where requirements are held by tests of other parts: a file below `Tests` and the name of a test in it.
        private static let elsewhere: [String: (file: String, test: String)] = [
            "6750-01": (
                "GatewayTests/RefusalTests", "a request without a credential is challenged without an error code"
            ),
            "6750-02": ("GatewayTests/RoutePolicyTests", "else 403 with the scopes wanted"),
            "6750-03": ("GatewayTests/RefusalTests", "two credentials, or Bearer without a token, are 400"),
            "6750-04": ("GatewayTests/BearerFormTests", "each form is answered as its row says"),
            "9068-01": ("JOSETests/TokenVectorTests", "Attack vectors"),
            "9068-02": ("SessionsTests/RotationTests", "a login's tokens carry the claims of RFC 9068"),
            "9068-03": ("GatewayTests/TokenRejectionTests", "each flaw is 401 invalid_token"),
            "9068-04": ("JOSETests/TokenStructureTests", "anything but three parts is refused"),
            "9068-05": ("GatewayTests/RoutePolicyTests", "all scopes, or any of them, as the route says"),
            "8725-01": ("JOSETests/TokenKeyTests", "the algorithm is bound to the key"),
            "8725-02": ("JOSETests/TokenVectorTests", "Attack vectors"),
            "8725-03": ("JOSETests/TokenStructureTests", "no beginning of a token and no token with one changed byte"),
            "8725-04": ("JOSETests/JSONWebKeySetTests", "all 41 documents"),
            "8725-05": ("JOSETests/JSONWebKeyTests", "a secret too short for an algorithm does not fit it"),
            "8725-06": ("JOSETests/TokenVectorTests", "Attack vectors"),
            "8725-07": ("JOSETests/TokenStructureTests", "invalid UTF-8 and deep nesting are refused"),
            "8725-08": ("GatewayTests/TokenRejectionTests", "each flaw is 401 invalid_token"),
            "8725-09": ("GatewayTests/RoutePolicyTests", "a route's audiences replace the issuer's"),
            "8725-10": ("JOSETests/TokenStructureTests", "a key embedded in the header does not verify"),
            "8725-11": ("GatewayTests/TokenRejectionTests", "an own token of another type"),
            "9700-04": (
                "SessionsTests/RotationTests", "an unused session ends, a used one lives on to its absolute end"
            ),
            "9700-05": ("GatewayTests/RoutePolicyTests", "a route's audiences replace the issuer's"),
            "9700-07": ("GatewayTests/IdentityTests", "identity fields sent by a client are stripped"),
            "rot-02": ("SessionsTests/RedisSessionTests", "an answer lost on its way does not cost the session"),
            "rot-03": ("SessionsTests/RotationTests", "a retry within the grace gets the identical successor"),
            "rot-05": ("SessionsTests/RotationTests", "two generations back is reuse even within the grace"),
            "rot-09": ("SessionsTests/RedisSessionTests", "a Redis out of memory refuses wholly"),
            "rot-10": (
                "SessionsTests/RotationTests", "an unused session ends, a used one lives on to its absolute end"
            ),
            "rot-11": ("SessionsTests/RedisSessionTests", "without Redis every operation is unavailable"),
            "rot-12": ("SessionsTests/RotationTests", "another client's refresh token is refused and stays good"),
        ]

        @Test(
            "every requirement of the checklist has a test",
            .enabled(if: Vectors.arePresent))
        func complete() throws {
            let requirements = try Vectors.lines(of: "oauth/checklist.jsonl", as: Requirement.self)
            #expect(requirements.count == 69)
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let here = try FileManager.default.contentsOfDirectory(
                at: tests.appendingPathComponent("GatewayTests/OAuth"), includingPropertiesForKeys: nil)
            let own = try here.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
            for requirement in requirements {
                if own.contains("@Test(\"\(requirement.id): ") { continue }
                guard let place = Self.elsewhere[requirement.id] else {
                    Issue.record("\(requirement.id) has no test")
                    continue
                }
                let file = tests.appendingPathComponent("\(place.file).swift")
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(text.contains(place.test) && text.contains("@Test("), "\(requirement.id): \(place)")
            }
            #expect(Set(Self.elsewhere.keys).isSubset(of: requirements.map(\.id)))
        }
    }
}
