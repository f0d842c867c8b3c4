import LibCrypto
import Revocation

/// Names a refresh key: a digest of it, so that it needs no register and is the same wherever the key comes from.
package struct RefreshKeyID: Sendable, Hashable {
    /// The number, as it stands in tokens.
    let value: UInt32

    init(value: UInt32) {
        self.value = value
    }

    /// The name of a key.
    init(of secret: [UInt8]) throws(SessionError) {
        do {
            let code = try MessageAuthenticator(key: secret, hash: .sha256)
            let digest = try Array("portcullis refresh key id".utf8).withUnsafeBytes { try code.code(for: $0) }
            value = digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        } catch {
            throw .signingFailed
        }
    }

    /// Reads the eight hexadecimal digits of one.
    init?(text: String) {
        guard let bytes = Hexadecimal.decode(text), bytes.count == 4 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Eight hexadecimal digits.
    package var text: String { Hexadecimal.encode(withUnsafeBytes(of: value.bigEndian) { Array($0) }) }
}

/// The secrets refresh tokens are derived with: the one in force, and those whose tokens are still good.
package struct RefreshKeys: Sendable {
    struct Key: Sendable {
        let id: RefreshKeyID
        let secret: [UInt8]
        let activatesSeconds: Int64
    }

    /// In the order of their activation.
    let keys: [Key]

    /// - Throws: ``SessionError/signingFailed`` for no key, or two of one name.
    init(_ keys: [Key]) throws(SessionError) {
        guard !keys.isEmpty, Set(keys.map(\.id)).count == keys.count else { throw .signingFailed }
        // Of two with one instant the later written wins, as in ``KeySchedule``.
        self.keys = keys.enumerated()
            .sorted { ($0.element.activatesSeconds, $0.offset) < ($1.element.activatesSeconds, $1.offset) }
            .map(\.element)
    }

    /// One secret for all time.
    /// - Throws: ``SessionError/signingFailed`` for a secret of another length than
    ///   ``RefreshTokenSealer/keyByteCount``.
    package init(only secret: [UInt8]) throws(SessionError) {
        guard secret.count == RefreshTokenSealer.keyByteCount else { throw .signingFailed }
        try self.init([Key(id: try RefreshKeyID(of: secret), secret: secret, activatesSeconds: 0)])
    }

    /// The key in force at an instant: what was given out then is derived with it, whenever it is asked for again.
    func keyID(inForceAtSeconds instant: Int64) -> RefreshKeyID {
        (keys.last { $0.activatesSeconds <= instant } ?? keys[0]).id
    }
}
