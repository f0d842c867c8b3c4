package import JOSE
import LibCrypto
import Revocation

/// The directory with the signing keys (`<kid>.pem`, PKCS#8, or `<kid>.jwk`), the manifest that says when each does what
/// (`manifest.json`), and the secrets of the refresh tokens (`refresh-<id>.key`, hexadecimal).
///
/// A directory without manifest is one that somebody else keeps, such as a mounted secret: the only key in it, or
/// `current.*`, signs, `next*.*` and `previous*.*` are published beside it; `refresh.key` and `refresh-previous*.key` are
/// the secrets of the refresh tokens. It is never written to.
///
/// Blocking file access: not for an event loop.
package struct SigningKeyDirectory: Sendable {
    static let manifestName = "manifest.json"

    /// The folder.
    package var path: String { directory.path }
    let directory: PrivateDirectory
    let configurationPath: String
    let algorithm: SignatureAlgorithm
    /// How long keys do what.
    package let timing: KeyTiming

    /// - Parameters:
    ///   - path: the configured `key_directory`.
    ///   - configurationPath: the configuration file, named in advice to the operator.
    ///   - algorithm: what new keys are for, and keys that do not say.
    ///   - timing: how long keys do what.
    package init(
        path: String, configurationPath: String = "FILE", algorithm: SignatureAlgorithm = .es256,
        timing: KeyTiming = KeyTiming()
    ) {
        directory = PrivateDirectory(path: path)
        self.configurationPath = configurationPath
        self.algorithm = algorithm
        self.timing = timing
    }

    /// Reads every key.
    /// - Throws: ``SigningKeyError``; its description says what to do.
    package func load() throws(SigningKeyError) -> KeyRing {
        let files = directory.snapshot()
        guard let manifest = try readManifest(in: files) else { return try loadWithoutManifest(files) }
        var signing: [KeyRing.SigningEntry] = []
        for key in manifest.signing { signing.append(try loadKey(key, in: files)) }
        var refresh: [RefreshKeys.Key] = []
        for key in manifest.refresh { refresh.append(try loadRefreshKey(key, in: files)) }
        do {
            return try KeyRing(signing: signing, refresh: refresh, timing: timing)
        } catch {
            throw malformedKey(files.path(of: Self.manifestName))
        }
    }

    /// What changes when a file in the directory does.
    package func fingerprint() -> [String] { directory.snapshot().fingerprint() }

    /// The keys and what each is for; empty without any.
    /// - Parameter nowSeconds: the wall clock, since 1970.
    /// - Returns: signing keys, then refresh keys, in the order of the manifest.
    /// - Throws: ``SigningKeyError``.
    package func list(nowSeconds: Int64) throws(SigningKeyError) -> [SigningKeyDescription] {
        let files = directory.snapshot()
        guard let manifest = try readManifest(in: files) else {
            guard try files.names().isEmpty else { throw unmanaged }
            return []
        }
        return manifest.descriptions(timing, atSeconds: nowSeconds)
    }

    // MARK: - Files

    static func refreshFileName(of keyID: String) -> String { "refresh-\(keyID).key" }

    func readManifest(in files: PrivateDirectory) throws(SigningKeyError) -> KeyManifest? {
        guard let bytes = try files.read(Self.manifestName) else { return nil }
        guard let manifest = KeyManifest(json: bytes) else {
            throw SigningKeyError(
                .malformedManifest,
                place: files.path(of: Self.manifestName),
                advice: "restore it from a backup"
            )
        }
        return manifest
    }

    private func loadKey(
        _ key: KeyManifest.SigningKey, in files: PrivateDirectory
    ) throws(SigningKeyError) -> KeyRing.SigningEntry {
        let name = "\(key.keyID).\(key.algorithm.authenticationHash == nil ? "pem" : "jwk")"
        guard let bytes = try files.read(name) else {
            throw SigningKeyError(
                .unreadable,
                place: files.path(of: name),
                advice: "the manifest names it: restore it from a backup"
            )
        }
        let material = SigningKeyMaterial(bytes, preferred: key.algorithm)
        guard let material, material.algorithm == key.algorithm,
            let entry = try? KeyRing.entry(
                material, createdSeconds: key.createdSeconds, activatesSeconds: key.activatesSeconds),
            entry.signer.keyID == key.keyID
        else { throw malformedKey(files.path(of: name)) }
        return entry
    }

    private func loadRefreshKey(
        _ key: KeyManifest.RefreshKey, in files: PrivateDirectory
    ) throws(SigningKeyError) -> RefreshKeys.Key {
        let name = Self.refreshFileName(of: key.keyID.text)
        let secret = try readRefreshSecret(name, in: files)
        guard (try? RefreshKeyID(of: secret)) == key.keyID else { throw malformedKey(files.path(of: name)) }
        return RefreshKeys.Key(id: key.keyID, secret: secret, activatesSeconds: key.activatesSeconds)
    }

    private func readRefreshSecret(_ name: String, in files: PrivateDirectory) throws(SigningKeyError) -> [UInt8] {
        guard let bytes = try files.read(name) else {
            throw SigningKeyError(
                .unreadable,
                place: files.path(of: name),
                advice: "restore it from a backup; without it every session ends"
            )
        }
        guard let secret = RefreshTokenSealer.secret(ofText: bytes) else {
            throw SigningKeyError(
                .malformedKey,
                place: files.path(of: name),
                advice: "it must be 64 hexadecimal digits: restore it from a backup"
            )
        }
        return secret
    }

    private func loadWithoutManifest(_ files: PrivateDirectory) throws(SigningKeyError) -> KeyRing {
        let names = try files.names()
        let keyNames = names.filter { name in [".pem", ".jwk", ".json"].contains { name.hasSuffix($0) } }
        guard !keyNames.isEmpty else { throw noSigningKey }
        let current = keyNames.filter { $0.hasPrefix("current.") }
        let others = keyNames.filter { $0.hasPrefix("next") || $0.hasPrefix("previous") }
        guard keyNames.count == 1 || (current.count == 1 && others.count == keyNames.count - 1) else {
            throw SigningKeyError(
                .noSigningKey, place: files.path,
                advice: "without manifest.json, name the key that signs current.pem and the others next.pem and "
                    + "previous.pem")
        }
        var materials: [SigningKeyMaterial] = []
        for name in keyNames.count == 1 ? keyNames : current + others {
            guard let bytes = try files.read(name), let key = SigningKeyMaterial(bytes, preferred: algorithm) else {
                throw malformedKey(files.path(of: name))
            }
            materials.append(key)
        }
        var secrets = [try readRefreshSecret("refresh.key", in: files)]
        for name in names where name.hasPrefix("refresh-previous") && name.hasSuffix(".key") {
            secrets.append(try readRefreshSecret(name, in: files))
        }
        do {
            return try KeyRing(materials: materials, refreshSecrets: secrets)
        } catch {
            throw SigningKeyError(
                .malformedKey, place: files.path, advice: "a key is there twice, or cannot be used: exchange it")
        }
    }

    // MARK: - Errors

    var noSigningKey: SigningKeyError {
        SigningKeyError(
            .noSigningKey,
            place: directory.path,
            advice: "run portcullis keys generate --config \(configurationPath)"
        )
    }

    /// Where keys come from a mounted secret, they are exchanged there.
    var unmanaged: SigningKeyError {
        SigningKeyError(
            .unmanaged, place: directory.path, advice: "exchange them where they come from; they are taken up at once")
    }

    private func malformedKey(_ path: String) -> SigningKeyError {
        SigningKeyError(.malformedKey, place: path, advice: "restore it from a backup")
    }
}

extension RefreshTokenSealer {
    /// A secret written in hexadecimal, a line end behind it or not; `nil` for anything else.
    static func secret(ofText text: [UInt8]) -> [UInt8]? {
        let text = String(decoding: text, as: UTF8.self)
        let digits = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard let secret = Hexadecimal.decode(digits), secret.count == keyByteCount else { return nil }
        return secret
    }
}

extension KeyRing {
    /// Keys that stand in the configuration, or come there from the environment or a file.
    ///
    /// - Parameters:
    ///   - signingKeys: PEM or JWK, the one that signs first, then those that are only published and verify.
    ///   - refreshKeys: 64 hexadecimal digits each, the one in force first, then those whose tokens are still accepted.
    ///   - algorithm: what keys are for that do not say.
    /// - Throws: ``SigningKeyError`` that names the setting.
    package init(
        signingKeys: [String], refreshKeys: [String], algorithm: SignatureAlgorithm
    ) throws(SigningKeyError) {
        var materials: [SigningKeyMaterial] = []
        for text in signingKeys {
            guard let key = SigningKeyMaterial(Array(text.utf8), preferred: algorithm) else {
                throw SigningKeyError(
                    .malformedKey, place: "tokens.signing_key",
                    advice: "write a private key as PEM, not encrypted, or as JWK")
            }
            materials.append(key)
        }
        var secrets: [[UInt8]] = []
        for text in refreshKeys {
            guard let secret = RefreshTokenSealer.secret(ofText: Array(text.utf8)) else {
                throw SigningKeyError(
                    .malformedKey, place: "tokens.refresh_key",
                    advice: "write 64 hexadecimal digits, as openssl rand -hex 32 gives")
            }
            secrets.append(secret)
        }
        do {
            try self.init(materials: materials, refreshSecrets: secrets)
        } catch {
            throw SigningKeyError(
                .malformedKey, place: "tokens.signing_key", advice: "a key is there twice, or cannot be used")
        }
    }
}
