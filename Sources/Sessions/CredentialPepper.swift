import LibCrypto
import Revocation

/// The secret under which the secrets of API keys and clients are hashed, kept in the key directory (`pepper.key`,
/// hexadecimal): apart from the database, so that neither alone is of use.
package struct CredentialPepper: Sendable {
    private static let name = "pepper.key"
    private static let byteCount = 32

    private let directory: PrivateDirectory
    private let configurationPath: String

    /// - Parameters:
    ///   - path: the key directory.
    ///   - configurationPath: the configuration file, named in advice.
    package init(directory path: String, configurationPath: String) {
        directory = PrivateDirectory(path: path)
        self.configurationPath = configurationPath
    }

    /// Reads the pepper.
    ///
    /// - Throws: ``SigningKeyError`` when there is none, or it cannot be read.
    package func load() throws(SigningKeyError) -> [UInt8] {
        guard let pepper = try read() else {
            throw SigningKeyError(
                .unreadable, place: directory.path(of: Self.name),
                advice:
                    "restore it from a backup, or make the first client or API key with --config \(configurationPath)")
        }
        return pepper
    }

    /// Reads the pepper, or makes it where there is none.
    ///
    /// - Throws: ``SigningKeyError``.
    package func loadOrCreate() throws(SigningKeyError) -> [UInt8] {
        if let pepper = try read() { return pepper }
        try directory.create()
        return try directory.withLock { () throws(SigningKeyError) in
            // Somebody else may have been faster.
            if let pepper = try read() { return pepper }
            guard let pepper = try? Random.bytes(Self.byteCount) else {
                throw SigningKeyError(
                    .unwritable, place: directory.path(of: Self.name), advice: "there is no randomness")
            }
            try directory.write(Array("\(Hexadecimal.encode(pepper))\n".utf8), to: Self.name)
            return pepper
        }
    }

    private func read() throws(SigningKeyError) -> [UInt8]? {
        guard let bytes = try directory.read(Self.name) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let pepper = Hexadecimal.decode(text.hasSuffix("\n") ? String(text.dropLast()) : text),
            pepper.count == Self.byteCount
        else {
            throw SigningKeyError(
                .malformedKey, place: directory.path(of: Self.name),
                advice: "it must be 64 hexadecimal digits: restore it from a backup")
        }
        return pepper
    }
}
