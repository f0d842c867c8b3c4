import Glibc
import JOSE
import LibCrypto
import Sessions
import Testing

@Suite("Key directory")
struct SigningKeyDirectoryTests {
    /// Runs a test body with the path of a directory that does not exist yet and is removed afterwards.
    private func withPath(_ body: (String) async throws -> Void) async throws {
        let parent = try makeParent()
        defer { remove(parent) }
        try await body("\(parent)/keys")
    }

    private func withPath(_ body: (String) throws -> Void) throws {
        let parent = try makeParent()
        defer { remove(parent) }
        try body("\(parent)/keys")
    }

    private func makeParent() throws -> String {
        var template = Array("/tmp/portcullis-keys-XXXXXX".utf8CString)
        return try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
            rmdir(path)
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
            let listed = try directory.list(nowSeconds: 1)
            #expect(listed.isEmpty)
            #expect(
                advice { _ = try directory.load() }
                    == "\(path): no signing key: run portcullis keys generate --config portcullis.yaml")
        }
    }

    @Test(
        "a generated key of each algorithm signs what it is said to verify, and no secret is published",
        arguments: SignatureAlgorithm.allCases)
    func generate(algorithm: SignatureAlgorithm) throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path, algorithm: algorithm)
            let made = try directory.generate(nowSeconds: 1_700_000_000)
            let refresh = try #require(try directory.list(nowSeconds: 1_700_000_000).last)
            #expect(made.state == .current && made.purpose == .accessTokens(algorithm))
            #expect(refresh.state == .current && refresh.purpose == .refreshTokens)
            #expect(made.createdSeconds == 1_700_000_000 && made.activatesSeconds == 1_700_000_000)
            let isSecret = algorithm.authenticationHash != nil
            #expect(
                try names(in: path) == [
                    "\(made.keyID).\(isSecret ? "jwk" : "pem")", "manifest.json", "refresh-\(refresh.keyID).key",
                    ".lock",
                ])
            #expect(try mode(path) == 0o700)
            for name in try names(in: path) { #expect(try mode("\(path)/\(name)") == 0o600) }

            let keys = try directory.load().keys(atSeconds: 1_700_000_000)
            #expect(keys.signer.keyID == made.keyID)
            #expect(keys.publicKeys.keys.map { $0.thumbprint() } == (isSecret ? [] : [made.keyID]))
            #expect(keys.verificationKeys.keys.map(\.keyID) == [made.keyID])
            let token = try keys.signer.sign(
                type: "at+jwt",
                claims: [
                    ("iss", .string("i")), ("sub", .string("s")), ("aud", .string("a")), ("jti", .string("j")),
                    ("client_id", .string("c")), ("iat", .integer(1_700_000_000)), ("exp", .integer(1_700_000_060)),
                ]
            )
            let issuer = TrustedIssuer(
                issuer: "i", audiences: ["a"], algorithms: [algorithm], keys: keys.verificationKeys)
            let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 0)
            #expect(try verifier.verify(token, nowSeconds: 1_700_000_001).subject == "s")
        }
    }

    @Test("the next key is published first, signs when its time comes, and the old one verifies until it cannot matter")
    func lifeCycle() throws {
        try withPath { path in
            let timing = KeyTiming(publishAheadSeconds: 100, accessLifetimeSeconds: 10, leewaySeconds: 5)
            let directory = SigningKeyDirectory(path: path, timing: timing)
            let first = try directory.generate(nowSeconds: 1000)
            let second = try directory.generate(nowSeconds: 2000)
            #expect(second.state == .next && second.activatesSeconds == nil)
            #expect(try directory.load().keys(atSeconds: 9999).signer.keyID == first.keyID)
            #expect(
                try directory.load().keys(atSeconds: 2000).publicKeys.keys.map(\.keyID) == [first.keyID, second.keyID])
            #expect(advice { _ = try directory.generate(nowSeconds: 2001) }.contains("there is a next key already"))

            #expect(try directory.rotate(nowSeconds: 2010).activatesSeconds == 2100)
            #expect(advice { _ = try directory.rotate(nowSeconds: 2020) }.contains("there is a next key already"))
            // What is read once knows all that is to come.
            let ring = try directory.load()
            #expect(ring.keys(atSeconds: 2099).signer.keyID == first.keyID)
            let after = ring.keys(atSeconds: 2100)
            #expect(after.signer.keyID == second.keyID)
            #expect(after.publicKeys.keys.map(\.keyID) == [second.keyID, first.keyID])
            let end = 2100 + timing.signingRetentionSeconds
            #expect(after.nextChangeSeconds == end)
            #expect(ring.keys(atSeconds: end - 1).publicKeys.keys.count == 2)
            #expect(ring.keys(atSeconds: end).publicKeys.keys.map(\.keyID) == [second.keyID])

            // Published long enough ago, or not at all.
            let third = try directory.generate(nowSeconds: 3000)
            #expect(try names(in: path).contains("\(first.keyID).pem") == false)
            #expect(try directory.rotate(nowSeconds: 3500).activatesSeconds == 3500)
            #expect(try directory.rotate(nowSeconds: 5000).activatesSeconds == 5100)
            #expect(try directory.rotate(nowSeconds: 5001, immediately: true).activatesSeconds == 5001)
            #expect(try directory.list(nowSeconds: 5001).filter { $0.state == .previous }.map(\.keyID) == [third.keyID])
        }
    }

    @Test("a leaked key is gone at once and another signs; a good one is not removed by mistake")
    func retiring() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let first = try directory.generate(nowSeconds: 1)
            #expect(
                advice { try directory.retire(keyID: first.keyID, nowSeconds: 2, isLeaked: false) }
                    .contains("what the key signed is still good"))
            #expect(advice { try directory.retire(keyID: "x", nowSeconds: 2, isLeaked: false) }.contains("no such key"))
            #expect(try directory.retire(keyID: first.keyID, nowSeconds: 2, isLeaked: true))
            let listed = try directory.list(nowSeconds: 2)
            #expect(listed.map(\.state) == [.current, .current])
            #expect(listed[0].keyID != first.keyID && listed[0].activatesSeconds == 2)
            #expect(try directory.load().keys(atSeconds: 2).verificationKeys.keys.map(\.keyID) == [listed[0].keyID])
            #expect(try names(in: path).contains("\(first.keyID).pem") == false)
            // Again is harmless, for then the deny-list is written once more.
            #expect(try directory.retire(keyID: first.keyID, nowSeconds: 3, isLeaked: true) == false)
            let next = try directory.generate(nowSeconds: 4)
            #expect(try directory.retire(keyID: next.keyID, nowSeconds: 5, isLeaked: false))
            let refresh = listed[1].keyID
            #expect(try directory.retire(keyID: refresh, nowSeconds: 6, isLeaked: true))
            #expect(try names(in: path).contains("refresh-\(refresh).key") == false)
            _ = try directory.load()
        }
    }

    @Test("by a schedule one of several nodes makes the next keys, in time to be published")
    func schedule() async throws {
        try await withPath { path in
            let timing = KeyTiming(publishAheadSeconds: 100, rotateEverySeconds: 1000, accessLifetimeSeconds: 10)
            let directory = SigningKeyDirectory(path: path, timing: timing)
            let first = try directory.generate(nowSeconds: 0)
            #expect(try directory.maintain(nowSeconds: 899).isEmpty)
            let made = try await withThrowingTaskGroup(of: [SigningKeyDescription].self) { group in
                for _ in 0..<8 { group.addTask { try directory.maintain(nowSeconds: 900) } }
                return try await group.reduce([], +)
            }
            #expect(made.map(\.activatesSeconds) == [1000, 1000])
            #expect(Set(made.map(\.purpose)) == [.accessTokens(.es256), .refreshTokens])
            #expect(try directory.load().keys(atSeconds: 999).signer.keyID == first.keyID)
            #expect(try directory.load().keys(atSeconds: 1000).signer.keyID == made.first?.keyID)
            // A node that comes late still publishes first.
            #expect(try directory.maintain(nowSeconds: 5000).map(\.activatesSeconds) == [5100, 5100])
            #expect(try directory.list(nowSeconds: 5000).count == 5)
            // Kept by hand, a directory is left alone.
            #expect(try SigningKeyDirectory(path: path).maintain(nowSeconds: 90_000).isEmpty)
        }
    }

    @Test("what others can read is refused with the command that mends it")
    func permissions() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            _ = try directory.generate(nowSeconds: 1)
            for name in try names(in: path) where name != ".lock" {
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
            let refresh = "\(path)/refresh-\(try #require(try directory.list(nowSeconds: 1).last).keyID).key"
            try overwrite(refresh, String(repeating: "0", count: 63))
            #expect(advice { _ = try directory.load() }.contains("64 hexadecimal digits"))
            try overwrite(refresh, String(repeating: "0", count: 64))
            #expect(advice { _ = try directory.load() }.contains("not a usable key"))
            unlink(refresh)
            #expect(advice { _ = try directory.load() }.contains("\(refresh): cannot be read"))

            try overwrite(refresh, String(repeating: "0", count: 64))
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
            "", "{}", "[]", #"{"version":1,"signing":[KEY],"refresh":[REFRESH]}"#,
            #"{"version":2,"signing":[],"refresh":[REFRESH]}"#, #"{"version":2,"signing":[KEY],"refresh":[]}"#,
            #"{"version":2,"signing":[KEY]}"#, #"{"version":2,"signing":[KEY,KEY],"refresh":[REFRESH]}"#,
            #"{"version":2,"signing":[KEY],"refresh":[REFRESH,REFRESH]}"#,
            #"{"version":2,"signing":[KEY],"refresh":[REFRESH],"more":1}"#,
            #"{"version":2,"signing":[KEY],"signing":[KEY],"refresh":[REFRESH]}"#,
            #"{"version":2,"signing":[{"kid":"../../etc/passwd","algorithm":"ES256","created":1,"activates":1}],"refresh":[REFRESH]}"#,
            #"{"version":2,"signing":[KEY],"refresh":[{"id":"../../etc","created":1,"activates":1}]}"#,
            #"{"version":2,"signing":[KEY],"refresh":[{"id":"00000000","created":1,"activates":99999999999999}]}"#,
            #"{"version":2,"signing":[KEY],"refresh":[{"id":"00000000","created":-1,"activates":1}]}"#,
        ]
    )
    func manifests(text: String) throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            let entry = #"{"kid":"\#(key.keyID)","algorithm":"ES256","created":1,"activates":1}"#
            let filled = text.replacing("[REFRESH]", with: #"[{"id":"00000000","created":1,"activates":1}]"#)
                .replacing("REFRESH", with: #"{"id":"00000000","created":1,"activates":1}"#)
                .replacing("KEY", with: entry)
            try overwrite("\(path)/manifest.json", filled)
            #expect(advice { _ = try directory.load() }.contains("manifest.json: not a key manifest"))
            #expect(advice { _ = try directory.generate(nowSeconds: 2) }.contains("manifest.json: not a key manifest"))
        }
    }

    // MARK: - Without a manifest

    /// Lays files out as the kubelet mounts a secret: links through `..data` to a folder that is exchanged whole.
    private func mount(_ files: [String: String], at path: String, version: Int) throws {
        mkdir(path, 0o777)
        let folder = "..version\(version)"
        mkdir("\(path)/\(folder)", 0o755)
        for (name, text) in files {
            try overwrite("\(path)/\(folder)/\(name)", text)
            chmod("\(path)/\(folder)/\(name)", 0o440)
            unlink("\(path)/\(name)")
            symlink("..data/\(name)", "\(path)/\(name)")
        }
        symlink(folder, "\(path)/..data_tmp")
        rename("\(path)/..data_tmp", "\(path)/..data")
    }

    private func pem() throws -> String {
        String(decoding: try PrivateKey.generate(.elliptic(.p256)).pem(), as: UTF8.self)
    }

    @Test("a mounted secret works without a manifest, and a change of it is seen")
    func mountedSecret() throws {
        try withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let (old, new) = (try pem(), try pem())
            let (oldSecret, newSecret) = (String(repeating: "1", count: 64), String(repeating: "2", count: 64) + "\n")
            try mount(["current.pem": old, "next.pem": new, "refresh.key": oldSecret], at: path, version: 1)
            let before = try directory.load().keys(atSeconds: 1)
            #expect(before.publicKeys.keys.count == 2)
            let seen = directory.fingerprint()
            #expect(directory.fingerprint() == seen)
            #expect(
                advice { _ = try directory.rotate(nowSeconds: 1) }.contains("keys without a manifest"))
            #expect(try directory.maintain(nowSeconds: 1).isEmpty)

            try mount(
                [
                    "current.pem": new, "previous.pem": old, "refresh.key": newSecret,
                    "refresh-previous.key": oldSecret,
                ], at: path, version: 2)
            #expect(directory.fingerprint() != seen)
            let after = try directory.load().keys(atSeconds: 1)
            #expect(after.signer.keyID != before.signer.keyID)
            #expect(Set(after.publicKeys.keys.compactMap(\.keyID)) == Set(before.publicKeys.keys.compactMap(\.keyID)))
            let token = RefreshToken(sessionID: String(repeating: "a", count: 32), generation: 3)
            let (first, second) = (
                try RefreshTokenSealer(keys: before.refreshKeys, issuer: "i"),
                try RefreshTokenSealer(keys: after.refreshKeys, issuer: "i")
            )
            #expect(try second.open(first.seal(token)) == token)
            #expect(try second.seal(token) != first.seal(token))

            chmod("\(path)/..version2/current.pem", 0o444)
            #expect(advice { _ = try directory.load() }.contains("defaultMode"))
        }
    }

    @Test("without a manifest names must say which key signs")
    func names() throws {
        try withPath { path in
            mkdir(path, 0o700)
            let directory = SigningKeyDirectory(path: path)
            func put(_ name: String, _ text: String) throws {
                try overwrite("\(path)/\(name)", text)
                chmod("\(path)/\(name)", 0o600)
            }
            try put("any.pem", try pem())
            #expect(advice { _ = try directory.load() }.contains("refresh.key: cannot be read"))
            try put("refresh.key", String(repeating: "a", count: 64))
            _ = try directory.load()
            #expect(advice { _ = try directory.generate(nowSeconds: 1) }.contains("keys without a manifest"))
            try put("current.pem", try pem())
            #expect(advice { _ = try directory.load() }.contains("name the key that signs current.pem"))
            unlink("\(path)/any.pem")
            try put("previous.pem", "-----BEGIN PRIVATE KEY-----\n")
            #expect(advice { _ = try directory.load() }.contains("previous.pem: not a usable key"))
        }
    }

    /// Examples of private keys: RFC 7517 appendix A.2 (EC), RFC 8037 appendix A.1, RFC 7515 appendix A.2 (RSA).
    private static let privateKeys: [(json: String, algorithm: SignatureAlgorithm)] = [
        (
            #"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","use":"sig"}"#,
            .es256
        ),
        (
            #"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            .edDSA
        ),
        (
            #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            .hs512
        ),
        (
            #"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            .hs256
        ),
    ]

    @Test("private JWKs are read by their RFCs", arguments: privateKeys.indices)
    func jsonWebKeys(index: Int) throws {
        let (json, algorithm) = Self.privateKeys[index]
        let secret = String(repeating: "0", count: 64)
        let ring = try KeyRing(signingKeys: [json], refreshKeys: [secret], algorithm: .rs256)
        let keys = ring.keys(atSeconds: 0)
        #expect(keys.signer.algorithm == algorithm)
        if algorithm == .edDSA {
            // RFC 8037 appendix A.3.
            #expect(keys.signer.keyID == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        }
        if json.contains(#""x""#) {
            let broken = json.replacing(#""x":"M"#, with: #""x":"N"#).replacing(#""x":"1"#, with: #""x":"2"#)
            #expect(broken != json)
            #expect(throws: SigningKeyError.self) {
                _ = try KeyRing(signingKeys: [broken], refreshKeys: [secret], algorithm: .rs256)
            }
        }
    }

    @Test("keys in the configuration: a bad one is told by its setting, without being shown")
    func configured() throws {
        let good = try pem()
        let secret = String(repeating: "0", count: 64)
        func advice(_ keys: [String], _ refresh: [String]) -> String {
            self.advice { _ = try KeyRing(signingKeys: keys, refreshKeys: refresh, algorithm: .es256) }
        }
        #expect(advice([good], [secret]) == "")
        #expect(advice(["topsecret"], [secret]).hasPrefix("tokens.signing_key"))
        #expect(advice([good, good], [secret]).hasPrefix("tokens.signing_key"))
        #expect(advice([good], ["topsecret"]).hasPrefix("tokens.refresh_key"))
        #expect(!advice(["topsecret"], ["topsecret"]).contains("topsecret"))
    }
}
