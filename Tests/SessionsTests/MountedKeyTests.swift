import Glibc
import JOSE
import LibCrypto
import Sessions
import Testing

@Suite("Keys without a manifest: mounted, or in the configuration")
struct MountedKeyTests {
    /// Lays files out as the kubelet mounts a secret: links through `..data` to a folder that is exchanged whole.
    private func mount(_ files: [String: String], at path: String, version: Int) throws {
        mkdir(path, 0o777)
        let folder = "..version\(version)"
        mkdir("\(path)/\(folder)", 0o755)
        for (name, text) in files {
            try KeyFolder.overwrite("\(path)/\(folder)/\(name)", text)
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
        try KeyFolder.withPath { path in
            let directory = SigningKeyDirectory(path: path)
            let (old, new) = (try pem(), try pem())
            let (oldSecret, newSecret) = (String(repeating: "1", count: 64), String(repeating: "2", count: 64) + "\n")
            try mount(["current.pem": old, "next.pem": new, "refresh.key": oldSecret], at: path, version: 1)
            let before = try directory.load().keys(atSeconds: 1)
            #expect(before.publicKeys.keys.count == 2)
            let seen = directory.fingerprint()
            #expect(directory.fingerprint() == seen)
            #expect(
                KeyFolder.advice { _ = try directory.rotate(nowSeconds: 1) }.contains("keys without a manifest"))
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
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("defaultMode"))
        }
    }

    @Test("without a manifest names must say which key signs")
    func names() throws {
        try KeyFolder.withPath { path in
            mkdir(path, 0o700)
            let directory = SigningKeyDirectory(path: path)
            func put(_ name: String, _ text: String) throws {
                try KeyFolder.overwrite("\(path)/\(name)", text)
                chmod("\(path)/\(name)", 0o600)
            }
            try put("any.pem", try pem())
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("refresh.key: cannot be read"))
            try put("refresh.key", String(repeating: "a", count: 64))
            _ = try directory.load()
            #expect(KeyFolder.advice { _ = try directory.generate(nowSeconds: 1) }.contains("keys without a manifest"))
            try put("current.pem", try pem())
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("name the key that signs current.pem"))
            unlink("\(path)/any.pem")
            try put("previous.pem", "-----BEGIN PRIVATE KEY-----\n")
            #expect(KeyFolder.advice { _ = try directory.load() }.contains("previous.pem: not a usable key"))
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
            KeyFolder.advice { _ = try KeyRing(signingKeys: keys, refreshKeys: refresh, algorithm: .es256) }
        }
        #expect(advice([good], [secret]) == "")
        #expect(advice(["topsecret"], [secret]).hasPrefix("tokens.signing_key"))
        #expect(advice([good, good], [secret]).hasPrefix("tokens.signing_key"))
        #expect(advice([good], ["topsecret"]).hasPrefix("tokens.refresh_key"))
        #expect(!advice(["topsecret"], ["topsecret"]).contains("topsecret"))
    }
}
