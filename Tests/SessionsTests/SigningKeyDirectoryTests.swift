import Glibc
import JOSE
import LibCrypto
import Sessions
import Testing

@Suite("Key directory")
struct SigningKeyDirectoryTests {
    /// Runs a test body with the path of a directory that does not exist yet and is removed afterwards.
    private func withPath(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/portcullis-keys-XXXXXX".utf8CString)
        let parent = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { remove(parent) }
        try body("\(parent)/keys")
    }

    private func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    private func names(in path: String) throws -> Set<String> {
        let directory = try #require(opendir(path))
        defer { closedir(directory) }
        var names: Set<String> = []
        while let entry = readdir(directory) {
            names.insert(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names.subtracting([".", ".."])
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    private func overwrite(_ path: String, _ text: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func advice(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return String(describing: error)
        }
    }

    @Test("without keys loading says what to run")
    func empty() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path, configurationPath: "portcullis.yaml")
            let listed = try directory.list()
            #expect(listed.isEmpty)
            #expect(
                advice { _ = try directory.load() }
                    == "\(path): no signing key: run portcullis keys generate --config portcullis.yaml")
        }
    }

    @Test(
        "a generated key of each algorithm signs what its public half verifies",
        arguments: SigningKeyDirectory.algorithms)
    func generate(algorithm: SignatureAlgorithm) throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let made = try directory.generate(algorithm: algorithm, nowSeconds: 1_700_000_000)
            #expect(try directory.list() == [made])
            #expect(made.state == .current)
            #expect(made.createdSeconds == 1_700_000_000)
            #expect(try names(in: path) == ["\(made.keyID).pem", "manifest.json", "refresh.key"])
            #expect(try mode(path) == 0o700)
            for name in try names(in: path) { #expect(try mode("\(path)/\(name)") == 0o600) }

            let keys = try directory.load()
            #expect(keys.refreshKey.count == 32)
            #expect(keys.signer.keyID == made.keyID)
            #expect(keys.publicKeys.keys.map { $0.thumbprint() } == [made.keyID])
            let token = try keys.signer.sign(
                type: "at+jwt",
                claims: [
                    ("iss", .string("i")), ("sub", .string("s")), ("aud", .string("a")), ("jti", .string("j")),
                    ("client_id", .string("c")), ("iat", .integer(1_700_000_000)), ("exp", .integer(1_700_000_060)),
                ]
            )
            let issuer = TrustedIssuer(
                issuer: "i", audiences: ["a"], algorithms: [algorithm], keys: keys.publicKeys)
            let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 0)
            #expect(try verifier.verify(token, nowSeconds: 1_700_000_001).subject == "s")
        }
    }

    @Test("a second key waits as the next, rotation moves it on, retiring removes the old one")
    func lifeCycle() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let first = try directory.generate(nowSeconds: 1)
            let refreshKey = try directory.load().refreshKey
            let second = try directory.generate(algorithm: .edDSA, nowSeconds: 2)
            #expect(second.state == .next)
            #expect(try directory.load().signer.keyID == first.keyID)
            #expect(try directory.load().publicKeys.keys.map(\.keyID) == [first.keyID, second.keyID])
            #expect(advice { _ = try directory.generate(nowSeconds: 3) }.contains("run portcullis keys rotate"))

            #expect(try directory.rotate(nowSeconds: 4).keyID == second.keyID)
            #expect(try directory.list().map(\.state) == [.current, .previous])
            let third = try directory.rotate(nowSeconds: 5)
            #expect(third.algorithm == .edDSA)
            #expect(try directory.list().map(\.keyID) == [third.keyID, second.keyID, first.keyID])
            #expect(try directory.load().refreshKey == refreshKey)

            try directory.retire(keyID: first.keyID)
            #expect(try directory.list().map(\.keyID) == [third.keyID, second.keyID])
            #expect(try names(in: path).contains("\(first.keyID).pem") == false)
            let unknown = advice { try directory.retire(keyID: first.keyID) }
            #expect(unknown.contains("no such key"))
            let inUse = advice { try directory.retire(keyID: third.keyID) }
            #expect(inUse.contains("run portcullis keys rotate"))
        }
    }

    @Test("what others can read is refused with the command that mends it")
    func permissions() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            for name in ["\(key.keyID).pem", "refresh.key", "manifest.json"] {
                for mode: mode_t in [0o640, 0o604, 0o620, 0o601] {
                    chmod("\(path)/\(name)", mode)
                    #expect(
                        advice { _ = try directory.load() }
                            == "\(path)/\(name): readable by others: run chmod 600 \(path)/\(name)")
                }
                chmod("\(path)/\(name)", 0o400)
            }
            _ = try directory.load()
            chmod(path, 0o750)
            #expect(advice { _ = try directory.load() } == "\(path): readable by others: run chmod 700 \(path)")
            #expect(advice { _ = try directory.generate(nowSeconds: 2) }.contains("chmod 700"))
        }
    }

    @Test("a damaged or missing file stops loading and is named")
    func damage() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            try overwrite("\(path)/refresh.key", String(repeating: "0", count: 63))
            #expect(advice { _ = try directory.load() }.contains("refresh.key"))
            unlink("\(path)/refresh.key")
            #expect(advice { _ = try directory.load() }.contains("refresh.key: cannot be read"))
            // Generating mends it, also beside a current key.
            _ = try directory.generate(nowSeconds: 2)
            _ = try directory.load()

            let pem = try PrivateKey.generate(.elliptic(.p256)).pem()
            try overwrite("\(path)/\(key.keyID).pem", String(decoding: pem, as: UTF8.self))
            #expect(advice { _ = try directory.load() }.contains("\(key.keyID).pem: not a usable key"))
            unlink("\(path)/\(key.keyID).pem")
            #expect(advice { _ = try directory.load() }.contains("\(key.keyID).pem: cannot be read"))
            try overwrite("\(path)/manifest.json", String(repeating: " ", count: 70_000))
            #expect(advice { _ = try directory.load() }.contains("manifest.json: cannot be read"))
        }
    }

    @Test(
        "a manifest that is not exactly ours is refused",
        arguments: [
            "", "{}", "[]", #"{"version":2,"current":CURRENT,"next":null,"previous":[]}"#,
            #"{"version":1,"current":null,"next":null,"previous":[]}"#,
            #"{"version":1,"current":CURRENT,"next":null}"#,
            #"{"version":1,"current":CURRENT,"next":null,"previous":[CURRENT]}"#,
            #"{"version":1,"current":CURRENT,"next":1,"previous":[]}"#,
            #"{"version":1,"current":CURRENT,"next":null,"previous":[],"more":1}"#,
            #"{"version":1,"current":CURRENT,"current":CURRENT,"next":null,"previous":[]}"#,
            #"{"version":1,"current":{"kid":"../../etc/passwd","algorithm":"ES256","created":1},"next":null,"previous":[]}"#,
        ]
    )
    func manifests(text: String) throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            let current = #"{"kid":"\#(key.keyID)","algorithm":"ES256","created":1}"#
            let filled = text.split(separator: "CURRENT", omittingEmptySubsequences: false).joined(separator: current)
            try overwrite("\(path)/manifest.json", filled)
            #expect(advice { _ = try directory.load() }.contains("manifest.json: not a key manifest"))
            #expect(advice { _ = try directory.generate(nowSeconds: 2) }.contains("manifest.json: not a key manifest"))
        }
    }

    @Test("keys are not made for other algorithms", arguments: [SignatureAlgorithm.hs256, .rs384, .ps512])
    func unsupported(algorithm: SignatureAlgorithm) throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            #expect(
                advice { _ = try directory.generate(algorithm: algorithm, nowSeconds: 1) }.contains("use one of ES256"))
        }
    }
}
