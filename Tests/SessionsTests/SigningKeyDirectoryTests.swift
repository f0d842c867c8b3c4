import Glibc
import JOSE
import LibCrypto
import Sessions
import Testing

@Suite("Key directory")
struct SigningKeyDirectoryTests {
    @Test("without keys loading says what to run")
    func empty() throws {
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path, configurationPath: "portcullis.yaml")
            let listed = try directory.list(nowSeconds: 1)
            #expect(listed.isEmpty)
            #expect(
                KeyFolder.advice { _ = try directory.load() }
                    == "\(path): no signing key: run portcullis keys generate --config portcullis.yaml")
        }
    }

    @Test(
        "a generated key of each algorithm signs what it is said to verify, and no secret is published",
        arguments: SignatureAlgorithm.allCases)
    func generate(algorithm: SignatureAlgorithm) throws {
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path, algorithm: algorithm)
            let made = try directory.generate(nowSeconds: 1_700_000_000)
            let refresh = try #require(try directory.list(nowSeconds: 1_700_000_000).last)
            #expect(made.state == .current && made.purpose == .accessTokens(algorithm))
            #expect(refresh.state == .current && refresh.purpose == .refreshTokens)
            #expect(made.createdSeconds == 1_700_000_000 && made.activatesSeconds == 1_700_000_000)
            let isSecret = algorithm.authenticationHash != nil
            #expect(
                try KeyFolder.names(in: path) == [
                    "\(made.keyID).\(isSecret ? "jwk" : "pem")", "manifest.json", "refresh-\(refresh.keyID).key",
                    ".lock",
                ])
            #expect(try KeyFolder.mode(path) == 0o700)
            for name in try KeyFolder.names(in: path) { #expect(try KeyFolder.mode("\(path)/\(name)") == 0o600) }

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
        try KeyFolder.withPath { path in
            let timing = KeyTiming(publishAheadSeconds: 100, accessLifetimeSeconds: 10, leewaySeconds: 5)
            let directory = SigningKeyDirectory(path: path, timing: timing)
            let first = try directory.generate(nowSeconds: 1000)
            let second = try directory.generate(nowSeconds: 2000)
            #expect(second.state == .next && second.activatesSeconds == nil)
            #expect(try directory.load().keys(atSeconds: 9999).signer.keyID == first.keyID)
            #expect(
                try directory.load().keys(atSeconds: 2000).publicKeys.keys.map(\.keyID) == [first.keyID, second.keyID])
            #expect(
                KeyFolder.advice { _ = try directory.generate(nowSeconds: 2001) }.contains(
                    "there is a next key already"))

            #expect(try directory.rotate(nowSeconds: 2010).activatesSeconds == 2100)
            #expect(
                KeyFolder.advice { _ = try directory.rotate(nowSeconds: 2020) }.contains("there is a next key already"))
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
            #expect(try KeyFolder.names(in: path).contains("\(first.keyID).pem") == false)
            #expect(try directory.rotate(nowSeconds: 3500).activatesSeconds == 3500)
            #expect(try directory.rotate(nowSeconds: 5000).activatesSeconds == 5100)
            #expect(try directory.rotate(nowSeconds: 5001, immediately: true).activatesSeconds == 5001)
            #expect(try directory.list(nowSeconds: 5001).filter { $0.state == .previous }.map(\.keyID) == [third.keyID])
        }
    }

    @Test("a leaked key is gone at once and another signs; a good one is not removed by mistake")
    func retiring() throws {
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let first = try directory.generate(nowSeconds: 1)
            #expect(
                KeyFolder.advice { try directory.retire(keyID: first.keyID, nowSeconds: 2, isLeaked: false) }
                    .contains("what the key signed is still good"))
            #expect(
                KeyFolder.advice { try directory.retire(keyID: "x", nowSeconds: 2, isLeaked: false) }.contains(
                    "no such key"))
            #expect(try directory.retire(keyID: first.keyID, nowSeconds: 2, isLeaked: true))
            let listed = try directory.list(nowSeconds: 2)
            #expect(listed.map(\.state) == [.current, .current])
            #expect(listed[0].keyID != first.keyID && listed[0].activatesSeconds == 2)
            #expect(try directory.load().keys(atSeconds: 2).verificationKeys.keys.map(\.keyID) == [listed[0].keyID])
            #expect(try KeyFolder.names(in: path).contains("\(first.keyID).pem") == false)
            // Again is harmless, for then the deny-list is written once more.
            #expect(try directory.retire(keyID: first.keyID, nowSeconds: 3, isLeaked: true) == false)
            let next = try directory.generate(nowSeconds: 4)
            #expect(try directory.retire(keyID: next.keyID, nowSeconds: 5, isLeaked: false))
            let refresh = listed[1].keyID
            #expect(try directory.retire(keyID: refresh, nowSeconds: 6, isLeaked: true))
            #expect(try KeyFolder.names(in: path).contains("refresh-\(refresh).key") == false)
            _ = try directory.load()
        }
    }

    @Test("by a schedule one of several nodes makes the next keys, in time to be published")
    func schedule() async throws {
        try await KeyFolder.withPath { path in
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
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path)
            _ = try directory.generate(nowSeconds: 1)
            for name in try KeyFolder.names(in: path) where name != ".lock" {
                for mode: mode_t in [0o640, 0o604, 0o620, 0o601] {
                    chmod("\(path)/\(name)", mode)
                    #expect(
                        KeyFolder.advice { _ = try directory.load() }
                            == "\(path)/\(name): readable by others: run chmod 600 \(path)/\(name)")
                }
                chmod("\(path)/\(name)", 0o400)
            }
            _ = try directory.load()
            chmod(path, 0o750)
            #expect(
                KeyFolder.advice { _ = try directory.load() } == "\(path): readable by others: run chmod 700 \(path)")
            #expect(KeyFolder.advice { _ = try directory.generate(nowSeconds: 2) }.contains("chmod 700"))
        }
    }

    @Test("a damaged or missing file stops loading and is named")
    func damage() throws {
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            let refresh = "\(path)/refresh-\(try #require(try directory.list(nowSeconds: 1).last).keyID).key"
            try KeyFolder.overwrite(refresh, String(repeating: "0", count: 63))
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("64 hexadecimal digits"))
            try KeyFolder.overwrite(refresh, String(repeating: "0", count: 64))
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("not a usable key"))
            unlink(refresh)
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("\(refresh): cannot be read"))

            try KeyFolder.overwrite(refresh, String(repeating: "0", count: 64))
            let pem = try PrivateKey.generate(.elliptic(.p256)).pem()
            try KeyFolder.overwrite("\(path)/\(key.keyID).pem", String(decoding: pem, as: UTF8.self))
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("\(key.keyID).pem: not a usable key"))
            unlink("\(path)/\(key.keyID).pem")
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("\(key.keyID).pem: cannot be read"))
            try KeyFolder.overwrite("\(path)/manifest.json", String(repeating: " ", count: 70_000))
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("manifest.json: cannot be read"))
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
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let key = try directory.generate(nowSeconds: 1)
            let entry = #"{"kid":"\#(key.keyID)","algorithm":"ES256","created":1,"activates":1}"#
            let filled = text.replacing("[REFRESH]", with: #"[{"id":"00000000","created":1,"activates":1}]"#)
                .replacing("REFRESH", with: #"{"id":"00000000","created":1,"activates":1}"#)
                .replacing("KEY", with: entry)
            try KeyFolder.overwrite("\(path)/manifest.json", filled)
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("manifest.json: not a key manifest"))
            #expect(
                KeyFolder.advice { _ = try directory.generate(nowSeconds: 2) }.contains(
                    "manifest.json: not a key manifest"))
        }
    }
}
