import Foundation
import TestSupport
import Testing

@testable import JOSE

/// Tokens changed at random, judged here and by PyJWT (and by joserfc where it is installed).
@Suite("Tokens changed at random, against other implementations", .enabled("PyJWT is installed", Python.hasPyJWT))
struct DifferentialTests {
    private struct Made: Decodable {
        struct Row: Decodable {
            var token: String
            var kind: String
            var verdicts: [String: String]
            var excused: Bool
            /// Seconds since 1970, by which they went.
            var judgedAt: Int64
        }

        var rows: [Row]
    }

    @Test("none is accepted that another refuses, but for a written reason; and none that nobody changed is refused")
    func mutations() async throws {
        let seed = Int.random(in: 0...Int(Int32.max))
        let output = try await Python.run("token_mutations.py", "\(seed)", "2000")
        let document = try JSONParser(
            limits: JSONLimits(maximumByteCount: 64 << 20, maximumDepth: 8, maximumMemberCount: 64)
        ).parse([UInt8](output.utf8))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let made = try decoder.decode(Made.self, from: Data(output.utf8))
        let keys = try JSONWebKeySet(
            json: JSONWriter.bytes(of: try #require(document["keys"])), provenance: .operatorFile)
        #expect(keys.keys.count == 5)
        let issuer = TrustedIssuer(
            issuer: "https://mutations.test", audiences: ["api"],
            algorithms: [.hs256, .rs256, .ps256, .es256, .edDSA], keys: keys)
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 30)
        var counts = (accepted: 0, stricter: 0)
        for (number, row) in made.rows.enumerated() {
            let note = Comment(rawValue: "seed \(seed), row \(number), \(row.kind): \(row.verdicts) \(row.token)")
            let token = try #require(Data(base64Encoded: row.token))
            let rejection = token.withUnsafeBytes { bytes -> TokenRejection? in
                do throws(TokenRejection) {
                    _ = try verifier.verify(bytes, nowSeconds: row.judgedAt)
                    return nil
                } catch {
                    return error
                }
            }
            let othersAccept = row.verdicts.values.allSatisfy { $0 == "accept" }
            if rejection == nil {
                counts.accepted += 1
                #expect(othersAccept || row.excused, note)
            } else if othersAccept {
                counts.stricter += 1
                #expect(row.kind != "untouched", note)
            }
        }
        #expect(made.rows.count == 2000 && counts.accepted > 100)
        print(
            "differential: seed \(seed), 2000 tokens, \(counts.accepted) accepted, \(counts.stricter) refused here alone"
        )
    }
}

/// The system's Python, with the packages `make test` installs.
private enum Python {
    private static let executable = URL(fileURLWithPath: "/usr/bin/python3")

    /// Whether PyJWT is there; its absence is said loudly.
    @Sendable
    static func hasPyJWT() async -> Bool {
        let isPresent = (try? await run(arguments: ["-c", "import jwt, cryptography"])) != nil
        if !isPresent { print("SKIPPED: /usr/bin/python3 has no jwt and cryptography; install python3-jwt") }
        return isPresent
    }

    /// Runs a script of `Tests/Interop/support`.
    static func run(_ script: String, _ arguments: String...) async throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path = folder.appendingPathComponent("Interop/support").appendingPathComponent(script).path
        return try await run(arguments: [path] + arguments)
    }

    private static func run(arguments: [String]) async throws -> String {
        let run = try ProgramRun(executable, arguments, directory: FileManager.default.temporaryDirectory)
        guard await run.end() == 0 else {
            print(run.errors)
            throw CocoaError(.executableLoad)
        }
        return run.output
    }
}
