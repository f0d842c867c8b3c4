package import JOSE
import LibCrypto
import Revocation

/// A key in a key directory.
package struct SigningKeyDescription: Sendable, Hashable {
    /// What a key is for.
    package enum State: String, Sendable, Hashable {
        /// It signs.
        case current
        /// It is published and signs after the next rotation.
        case next
        /// It signed before and still verifies.
        case previous
    }

    /// The `kid`, its thumbprint (RFC 7638).
    package let keyID: String
    /// What it signs with.
    package let algorithm: SignatureAlgorithm
    /// What it is for.
    package let state: State
    /// When it was made, seconds since 1970.
    package let createdSeconds: Int64
}

/// The directory with the private keys (`<kid>.pem`, PKCS#8), the manifest that says which one signs
/// (`manifest.json`), and the secret of the refresh tokens (`refresh.key`, hexadecimal).
///
/// Blocking file access: not for an event loop.
package struct SigningKeyDirectory: Sendable {
    /// The algorithms keys are made for; the first is the default.
    package static let algorithms: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .es384, .es512, .edDSA]
    /// Enough beyond 2030 (NIST SP 800-57).
    private static let modulusBits = 3072
    private static let manifestName = "manifest.json"
    private static let refreshKeyName = "refresh.key"

    private let directory: PrivateDirectory
    private let configurationPath: String

    /// - Parameters:
    ///   - path: the configured `key_directory`.
    ///   - configurationPath: the configuration file, named in advice to the operator.
    package init(path: String, configurationPath: String = "FILE") {
        directory = PrivateDirectory(path: path)
        self.configurationPath = configurationPath
    }

    /// Reads every key.
    /// - Throws: ``SigningKeyError``; its description says what to do.
    package func load() throws(SigningKeyError) -> SigningKeys {
        guard let manifest = try readManifest() else { throw noSigningKey }
        let current = try loadKey(manifest.current)
        var publicKeys = [try publicKey(of: current, manifest.current)]
        for key in manifest.keys.dropFirst() { publicKeys.append(try publicKey(of: loadKey(key), key)) }
        let refreshKey = try readRefreshKey()
        do {
            let signer = try TokenSigner(
                key: current, keyID: manifest.current.keyID, algorithm: manifest.current.algorithm)
            return SigningKeys(
                signer: signer, publicKeys: try JSONWebKeySet(keys: publicKeys), refreshKey: refreshKey)
        } catch {
            throw malformedKey(manifest.current.keyID)
        }
    }

    /// The keys: the current, the next, the previous.
    ///
    /// Empty without any.
    /// - Throws: ``SigningKeyError``.
    package func list() throws(SigningKeyError) -> [SigningKeyDescription] {
        guard let manifest = try readManifest() else { return [] }
        return manifest.keys.map { key in
            let state: SigningKeyDescription.State =
                key == manifest.current ? .current : key == manifest.next ? .next : .previous
            return Self.description(of: key, state)
        }
    }

    /// Makes a key: the current one in a directory without any, otherwise the next.
    ///
    /// Makes the directory and the refresh key if need be.
    /// - Parameters:
    ///   - algorithm: one of ``algorithms``.
    ///   - nowSeconds: the wall clock, since 1970.
    /// - Returns: the key made.
    /// - Throws: ``SigningKeyError``.
    package func generate(
        algorithm: SignatureAlgorithm = .es256, nowSeconds: Int64
    ) throws(SigningKeyError) -> SigningKeyDescription {
        guard Self.algorithms.contains(algorithm) else { throw unsupported(algorithm) }
        try directory.create()
        return try directory.withLock { () throws(SigningKeyError) in
            let manifest = try readManifest()
            try createRefreshKeyIfMissing()
            if let next = manifest?.next {
                throw SigningKeyError(
                    .nextKeyExists,
                    place: next.keyID,
                    advice: "run portcullis keys rotate --config \(configurationPath)"
                )
            }
            let key = try createKey(algorithm, nowSeconds)
            if var manifest {
                manifest.next = key
                try directory.write(manifest.json, to: Self.manifestName)
                return Self.description(of: key, .next)
            }
            try directory.write(KeyManifest(current: key).json, to: Self.manifestName)
            return Self.description(of: key, .current)
        }
    }

    /// Makes the next key the current one, and the current one the latest of the previous.
    ///
    /// Without a next key one is made; then verifiers that fetch keys seldom meet it unprepared, so better generate it
    /// a while before.
    /// - Parameter nowSeconds: the wall clock, since 1970.
    /// - Returns: the key that signs from now on.
    /// - Throws: ``SigningKeyError``.
    package func rotate(nowSeconds: Int64) throws(SigningKeyError) -> SigningKeyDescription {
        guard try readManifest() != nil else { throw noSigningKey }
        return try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest() else { throw noSigningKey }
            guard manifest.previous.count < KeyManifest.maximumPreviousKeys else {
                throw SigningKeyError(
                    .keyInUse,
                    place: directory.path,
                    advice: "too many previous keys: run portcullis keys retire KEY --config \(configurationPath)"
                )
            }
            let next: KeyManifest.Key
            if let prepared = manifest.next {
                next = prepared
            } else {
                next = try createKey(manifest.current.algorithm, nowSeconds)
            }
            manifest.previous.insert(manifest.current, at: 0)
            manifest.current = next
            manifest.next = nil
            try directory.write(manifest.json, to: Self.manifestName)
            return Self.description(of: next, .current)
        }
    }

    /// Removes a previous or next key: tokens signed with it are refused once this is loaded.
    /// - Parameter keyID: its `kid`.
    /// - Throws: ``SigningKeyError``.
    package func retire(keyID: String) throws(SigningKeyError) {
        guard try readManifest() != nil else { throw noSigningKey }
        try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest() else { throw noSigningKey }
            guard let key = manifest.keys.first(where: { $0.keyID == keyID }) else {
                throw SigningKeyError(
                    .unknownKey,
                    place: directory.path,
                    advice: "run portcullis keys list --config \(configurationPath)"
                )
            }
            guard key != manifest.current else {
                throw SigningKeyError(
                    .keyInUse,
                    place: keyID,
                    advice: "run portcullis keys rotate --config \(configurationPath) first"
                )
            }
            manifest.previous.removeAll { $0 == key }
            if manifest.next == key { manifest.next = nil }
            // The manifest first: a key without an entry does no harm, an entry without its key stops the start.
            try directory.write(manifest.json, to: Self.manifestName)
            try directory.remove(Self.fileName(of: keyID))
        }
    }
}

extension SigningKeyDirectory {
    private static func fileName(of keyID: String) -> String { "\(keyID).pem" }

    private static func description(
        of key: KeyManifest.Key, _ state: SigningKeyDescription.State
    ) -> SigningKeyDescription {
        SigningKeyDescription(
            keyID: key.keyID, algorithm: key.algorithm, state: state, createdSeconds: key.createdSeconds)
    }

    private func readManifest() throws(SigningKeyError) -> KeyManifest? {
        guard let bytes = try directory.read(Self.manifestName) else { return nil }
        guard let manifest = KeyManifest(json: bytes) else {
            throw SigningKeyError(
                .malformedManifest,
                place: directory.path(of: Self.manifestName),
                advice: "restore it from a backup"
            )
        }
        return manifest
    }

    private func loadKey(_ key: KeyManifest.Key) throws(SigningKeyError) -> PrivateKey {
        let name = Self.fileName(of: key.keyID)
        guard let pem = try directory.read(name) else {
            throw SigningKeyError(
                .unreadable,
                place: directory.path(of: name),
                advice: "the manifest names it: restore it from a backup"
            )
        }
        guard let privateKey = try? PrivateKey(pem: pem) else { throw malformedKey(key.keyID) }
        return privateKey
    }

    private func publicKey(
        of privateKey: PrivateKey, _ key: KeyManifest.Key
    ) throws(SigningKeyError) -> JSONWebKey {
        let material = JSONWebKey.Material.publicKey(privateKey.publicKey)
        let publicKey = try? JSONWebKey(material: material, keyID: key.keyID, algorithm: key.algorithm)
        guard let publicKey, publicKey.thumbprint() == key.keyID else { throw malformedKey(key.keyID) }
        return publicKey
    }

    private func createKey(
        _ algorithm: SignatureAlgorithm, _ nowSeconds: Int64
    ) throws(SigningKeyError) -> KeyManifest.Key {
        guard let kind = Self.keyKind(for: algorithm) else { throw unsupported(algorithm) }
        let pem: [UInt8]
        let keyID: String
        do {
            let key = try PrivateKey.generate(kind)
            pem = try key.pem()
            keyID = try JSONWebKey(material: .publicKey(key.publicKey), keyID: nil, algorithm: algorithm).thumbprint()
        } catch {
            throw unsupported(algorithm)
        }
        try directory.write(pem, to: Self.fileName(of: keyID))
        return KeyManifest.Key(keyID: keyID, algorithm: algorithm, createdSeconds: nowSeconds)
    }

    private static func keyKind(for algorithm: SignatureAlgorithm) -> KeyKind? {
        switch algorithm {
        case .es256: .elliptic(.p256)
        case .es384: .elliptic(.p384)
        case .es512: .elliptic(.p521)
        case .rs256, .ps256: .rsa(bits: modulusBits)
        case .edDSA: .ed25519
        default: nil
        }
    }

    private func readRefreshKey() throws(SigningKeyError) -> [UInt8] {
        guard let bytes = try directory.read(Self.refreshKeyName) else {
            throw SigningKeyError(
                .unreadable,
                place: directory.path(of: Self.refreshKeyName),
                advice: "restore it from a backup, or run portcullis keys generate --config \(configurationPath) "
                    + "for a new one, which ends every session"
            )
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let digits = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard let key = Hexadecimal.decode(digits), key.count == RefreshTokenSealer.keyByteCount else {
            throw SigningKeyError(
                .malformedKey,
                place: directory.path(of: Self.refreshKeyName),
                advice: "it must be 64 hexadecimal digits: restore it from a backup"
            )
        }
        return key
    }

    private func createRefreshKeyIfMissing() throws(SigningKeyError) {
        guard try directory.read(Self.refreshKeyName) == nil else { return }
        guard let key = try? Random.bytes(RefreshTokenSealer.keyByteCount) else {
            throw SigningKeyError(
                .unwritable, place: directory.path(of: Self.refreshKeyName), advice: "there is no randomness")
        }
        try directory.write(Array("\(Hexadecimal.encode(key))\n".utf8), to: Self.refreshKeyName)
    }

    private var noSigningKey: SigningKeyError {
        SigningKeyError(
            .noSigningKey,
            place: directory.path,
            advice: "run portcullis keys generate --config \(configurationPath)"
        )
    }

    private func malformedKey(_ keyID: String) -> SigningKeyError {
        SigningKeyError(
            .malformedKey,
            place: directory.path(of: Self.fileName(of: keyID)),
            advice: "restore it from a backup"
        )
    }

    private func unsupported(_ algorithm: SignatureAlgorithm) -> SigningKeyError {
        SigningKeyError(
            .unsupportedAlgorithm,
            place: algorithm.rawValue,
            advice: "use one of \(Self.algorithms.map(\.rawValue).joined(separator: ", "))"
        )
    }
}
