import Foundation
import JOSE
import TestSupport
import Testing

extension GatewayTests {
    @Suite("portcullis token inspect")
    struct TokenInspectTests {
        private static let yaml: String = {
            var settings = GatewaySettings()
            settings.redis = .none
            return settings.yaml(redisPort: nil, backendPort: 9)
        }()

        private let idp: ForeignIssuer
        private let program: Program

        init() async throws {
            program = try Program(configuration: Self.yaml)
            idp = try await GatewayFixture.prepare(program.folder, GatewaySettings())
        }

        /// Runs it; the output shows claims, never the token.
        private func inspect(_ token: String, verified: Bool = true) async throws -> Program.Outcome {
            let arguments = ["token", "inspect"] + (verified ? ["--verify", "--config", "portcullis.yaml"] : [])
            return try await Program.Outcome(program.launch(arguments, input: token))
        }

        private func shows(_ check: String, _ mark: String, _ outcome: Program.Outcome) -> Bool {
            outcome.output.contains("\n  \(check.padding(toLength: 9, withPad: " ", startingAt: 0))  \(mark)\n")
        }

        @Test("a good token: header, claims with human times, every check, and 0")
        func good() async throws {
            let now = Int(Date.now.timeIntervalSince1970)
            let token = try idp.token(["exp": "\(now + 7260)", "scope": "\"a b\""])
            for input in [token, token + "\n", "Bearer \(token)\r\n", "  bearer   \(token)  "] {
                let outcome = try await inspect(input)
                #expect(outcome.exitCode == 0, "\(outcome.output) \(outcome.errors)")
                let words = outcome.output.split(separator: " ").joined(separator: " ")
                #expect(words.contains("alg \"ES256\"") && words.contains("sub \"carol\""))
                #expect(outcome.output.contains("(in 2 hours"))
                for check in ["form", "header", "issuer", "key", "signature", "claims", "times"] {
                    #expect(shows(check, "ok", outcome), "\(outcome.output)")
                }
                #expect(outcome.output.hasSuffix("accepted; whether it has been revoked was not asked\n"))
            }
        }

        @Test("for programs: the same as one document")
        func json() async throws {
            func document(_ token: String, _ options: String...) async throws -> [String: Any] {
                let arguments = ["token", "inspect", "--output", "json"] + options
                let outcome = try await Program.Outcome(program.launch(arguments, input: token))
                let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
                let found = try #require(object as? [String: Any])
                #expect(outcome.exitCode == (found["refused"] as? Bool == true ? 1 : 0))
                return found
            }
            let good = try await document(idp.token(), "--verify", "--config", "portcullis.yaml")
            #expect((good["header"] as? [String: Any])?["alg"] as? String == "ES256")
            #expect((good["claims"] as? [String: Any])?["sub"] as? String == "carol")
            #expect(Set((good["checks"] as? [String: String] ?? [:]).values) == ["ok"])
            #expect(good["refused"] as? Bool == false)
            let unverified = try await document(idp.token())
            #expect((unverified["checks"] as? [String: String])?["signature"] == "not checked")
            let bad = try await document(
                idp.token(key: idp.otherKey), "--verify", "--config", "portcullis.yaml")
            #expect((bad["checks"] as? [String: String])?["signature"] == "failed")
            #expect((bad["checks"] as? [String: String])?["times"] == "not checked")
            #expect(bad["reason"] as? String == "bad signature")
            #expect((bad["explanation"] as? [String])?.isEmpty == false)
            let shy = try await Program.Outcome(
                program.launch(
                    ["token", "inspect", "--output", "json"], input: idp.token(["sub": "\"a\u{9B}b\u{202E}c\""])))
            #expect(shy.output.contains(#"a\u009bb\u202ec"#), "\(shy.output)")
            let garbage = try await document("garbage")
            #expect(garbage["header"] is NSNull && garbage["refused"] as? Bool == true)
        }

        @Test("what fails is named, with what is said and what is wanted, and the exit code is 1")
        func failures() async throws {
            let now = Int(Date.now.timeIntervalSince1970)
            let good = try idp.token()
            let cases: [(String, check: String, words: [String])] = [
                (
                    try idp.token(["exp": "\(now - 120)", "iat": "\(now - 300)"]), "times",
                    ["token expired", "2 minutes", "30 seconds"]
                ),
                (try idp.token(["nbf": "\(now + 400)"]), "times", ["not yet valid", "in 6 minutes"]),
                (try idp.token(["iat": "\(now + 400)"]), "times", ["in the future", "Is the clock right?"]),
                (try idp.token(["iss": "\"https://evil.test\""]), "issuer", ["https://evil.test", "https://idp.test"]),
                (try idp.token(["aud": "[\"x\",\"y\"]"]), "claims", ["wrong audience", "[\"x\",\"y\"]", "api"]),
                (try idp.token(["jti": nil]), "claims", ["jti is missing"]),
                (try idp.token(["sub": "17"]), "claims", ["sub is 17"]),
                (try idp.token(["cnf": "{}"]), "claims", ["cnf"]),
                (try idp.token(["exp": "\(now + 400 * 86_400)"]), "claims", ["lifetime", "1 day"]),
                (try idp.token(header: #"{"alg":"ES256","kid":"who"}"#), "key", ["\"who\"", "ec, rsa"]),
                (
                    try idp.token(header: #"{"alg":"RS256","kid":"ec"}"#), "key",
                    ["RS256", "not the algorithm of the key"]
                ),
                (try idp.token(header: #"{"alg":"none","kid":"ec"}"#), "key", ["\"none\"", "allowed for this issuer"]),
                (try idp.token(key: idp.otherKey), "signature", ["bad signature", "\"ec\""]),
                (try idp.token(header: #"{"alg":"ES256","crit":["x"]}"#), "header", ["crit"]),
                (try idp.token(header: #"{"alg":"ES256","typ":"dpop+jwt"}"#), "header", ["\"dpop+jwt\"", "at+jwt"]),
                (
                    try idp.token(header: #"{"alg":"ES256","alg":"ES256"}"#), "form",
                    ["a name that occurs twice at byte"]
                ),
                (good + "==", "form", ["signature is not canonical base64url: it has padding"]),
                (good + ".x.y", "form", ["5 parts", "JWE"]),
                ("not a token", "form", ["1 part instead of 3"]),
                (String(repeating: "a", count: 20_000), "form", ["20000 bytes"]),
            ]
            for (token, check, words) in cases {
                let outcome = try await inspect(token)
                #expect(outcome.exitCode == 1, "\(outcome.output)")
                #expect(outcome.errors == "")
                #expect(shows(check, "FAILED", outcome), "\(check): \(outcome.output)")
                #expect(outcome.output.contains("\nrefused: "))
                for word in words { #expect(outcome.output.contains(word), "\(word): \(outcome.output)") }
            }
        }

        @Test("without a configuration the signature is not checked, and the rest is")
        func unverified() async throws {
            let now = Int(Date.now.timeIntervalSince1970)
            let foreign = try idp.token(["iss": "\"https://nobody.test\"", "aud": "\"x\""], key: idp.otherKey)
            let outcome = try await inspect(foreign, verified: false)
            #expect(outcome.exitCode == 0, "\(outcome.output) \(outcome.errors)")
            #expect(shows("signature", "not checked", outcome))
            let expired = try idp.token(["exp": "\(now - 120)", "iat": "\(now - 300)"])
            let refused = try await inspect(expired, verified: false)
            #expect(refused.exitCode == 1)
            #expect(refused.output.contains("token expired"))
            let unknown = try await inspect(idp.token(header: #"{"alg":"none"}"#), verified: false)
            #expect(unknown.exitCode == 1 && unknown.output.contains("not a supported signature algorithm"))
        }

        @Test("nothing in a token reaches the terminal as a control sequence")
        func terminal() async throws {
            let token = try idp.token(["sub": "\"a\\u001b[31m\\u009b\\u202eb\"", "x\\u0007\\u009by": "1"])
            let outcome = try await inspect(token, verified: false)
            let controls = outcome.output.unicodeScalars.filter {
                $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
            }
            #expect(controls.isEmpty)
            #expect(outcome.output.contains("\\u{9b}") && outcome.output.contains("\\u{202e}"))
        }

        @Test("no token, too much of it and flags that do not go together are 64; a broken configuration is 78")
        func usage() async throws {
            #expect(try await inspect("").exitCode == 64)
            #expect(try await inspect(" \n").exitCode == 64)
            #expect(try await inspect(String(repeating: "a", count: 1 << 21)).exitCode == 64)
            for arguments in [
                ["token", "inspect", "--verify"], ["token", "inspect", "--config", "portcullis.yaml"],
                ["token", "inspect", "abc"], ["token", "melt"],
            ] {
                #expect(try await Program.Outcome(program.launch(arguments)).exitCode == 64, "\(arguments)")
            }
            try program.folder.write("{}", to: "idp.json")
            #expect(try await inspect(idp.token()).exitCode == 78)
            try program.folder.write("version: 2", to: "portcullis.yaml")
            #expect(try await inspect(idp.token()).exitCode == 78)
        }
    }
}
