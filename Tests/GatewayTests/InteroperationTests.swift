import Foundation
import TestSupport
import Testing

/// Another implementation, driven as a program: PyJWT on Debian's own Python.
enum PyJWT {
    private static let python = URL(fileURLWithPath: "/usr/bin/python3")

    /// Whether it is there; its absence is said loudly.
    @Sendable
    static func isPresent() async -> Bool {
        let probe = try? await run(["-c", "import jwt, cryptography"])
        if probe == nil { print("SKIPPED: /usr/bin/python3 has no jwt and cryptography; install python3-jwt") }
        return probe != nil
    }

    /// Runs the script beside this file.
    static func script(_ arguments: String..., input: String = "") async throws -> String {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("interop.py")
        return try await run([script.path] + arguments, input: input)
    }

    private static func run(_ arguments: [String], input: String = "") async throws -> String {
        let folder = FileManager.default.temporaryDirectory
        let run = try ProgramRun(python, arguments, input: input, directory: folder)
        guard await run.end() == 0 else { throw CocoaError(.executableLoad) }
        return run.output
    }
}

extension GatewayTests {
    @Suite("tokens of and for another implementation", .enabled("PyJWT is installed", PyJWT.isPresent))
    struct InteroperationTests {
        private static let algorithms = [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
            "EdDSA",
        ]

        private struct Made: Decodable {
            var keySets: [String: String]
            var tokens: [String: String]
        }

        @Test("tokens made by PyJWT with each algorithm are accepted through a key set written by Python")
        func accepted() async throws {
            let made = try JSONDecoder().decode(
                Made.self, from: Data(try await PyJWT.script("make", Self.algorithms.joined(separator: ",")).utf8))
            var settings = GatewaySettings()
            for algorithm in Self.algorithms {
                settings.issuers.append(
                    "{issuer: \"https://\(algorithm).test\", jwks_file: ./\(algorithm).json, audiences: [api], "
                        + "algorithms: [\(algorithm)]}")
                settings.files.append((algorithm + ".json", try #require(made.keySets[algorithm])))
            }
            try await GatewayFixture.with(settings) { gateway in
                for algorithm in Self.algorithms {
                    let token = try #require(made.tokens[algorithm])
                    SecretLedger.enter(token)
                    let answer = try await gateway.call("GET", "/api/x", token: token)
                    #expect(answer.status == 200, "\(algorithm): \(answer.text)")
                    #expect(gateway.backend.arrivals.last?.values("X-Auth-Issuer") == ["https://\(algorithm).test"])
                    #expect(gateway.backend.arrivals.last?.values("X-Auth-Subject") == ["py"])
                    // The same with one bit of the signature's last but one octet changed.
                    var broken = Array(token.utf8)
                    broken[broken.count - 4] = broken[broken.count - 4] == UInt8(ascii: "A") ? 66 : 65
                    let refused = try await gateway.call(
                        "GET", "/api/x", token: String(decoding: broken, as: UTF8.self))
                    #expect(refused.status == 401, "\(algorithm)")
                }
            }
        }

        @Test(
            "tokens of this gateway verify in PyJWT through the served key set",
            arguments: ["ES256", "RS256", "PS256", "ES384", "ES512", "EdDSA"])
        func verified(algorithm: String) async throws {
            var settings = GatewaySettings.accounts
            settings.tokens = "algorithm: \(algorithm)"
            try await GatewayFixture.with(settings) { gateway in
                let grant = try await gateway.login()
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                let keySet = try await gateway.call("GET", "/.well-known/jwks.json").text
                let output = try await PyJWT.script("verify", algorithm, input: keySet + "\n" + grant.accessToken)
                let claims = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
                #expect(claims?["sub"] as? String == "alice")
                #expect(claims?["typ"] as? String == "at+jwt")
                #expect(claims?["scope"] as? String == Accounts.scope)
            }
        }
    }
}
