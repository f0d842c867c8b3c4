import JOSE
import LibCrypto
import Revocation
import Synchronization

/// What a refresh token says once its code was found right.
package struct RefreshToken: Sendable, Hashable {
    /// 16 random bytes in hexadecimal.
    package let sessionID: String
    /// Which of the session's refresh tokens it is, from 1.
    package let generation: UInt32

    /// Names a generation of a session.
    package init(sessionID: String, generation: UInt32) {
        self.sessionID = sessionID
        self.generation = generation
    }
}

/// Makes and checks refresh tokens: derived from a server key, so that none is stored and a forged one is refused
/// without asking the store.
///
/// `rt_` and base64url of: version (1 byte, 2), the key's id (4 bytes), session id (16 bytes), generation (4 bytes,
/// big-endian), HMAC-SHA256 over a label, the issuer and the bytes before it.
package final class RefreshTokenSealer: Sendable {
    /// The length of a server key.
    package static let keyByteCount = 32
    private static let prefix = "rt_"
    private static let version: UInt8 = 2
    private static let keyIDByteCount = 4
    private static let sessionByteCount = 16
    private static let bodyByteCount = 1 + keyIDByteCount + sessionByteCount + 4
    private static let tokenByteCount = bodyByteCount + 32

    private let context: [UInt8]
    private let keys: RefreshKeys
    // An authenticator is for one user at a time; a code takes half a microsecond, so waiting for it costs little.
    private let authenticators: Mutex<[RefreshKeyID: MessageAuthenticator]>

    /// - Parameters:
    ///   - keys: the server keys.
    ///   - issuer: the issuer, so that two gateways with one key do not take each other's tokens.
    /// - Throws: ``SessionError/signingFailed``.
    package init(keys: RefreshKeys, issuer: String) throws(SessionError) {
        var authenticators: [RefreshKeyID: MessageAuthenticator] = [:]
        for key in keys.keys {
            guard
                key.secret.count == Self.keyByteCount,
                let authenticator = try? MessageAuthenticator(key: key.secret, hash: .sha256)
            else { throw .signingFailed }
            authenticators[key.id] = authenticator
        }
        let name = Array(issuer.utf8)
        // The issuer's length comes before it, so that no two contexts can run together alike.
        context =
            Array("portcullis refresh token v2\0".utf8)
            + withUnsafeBytes(of: UInt64(name.count).bigEndian) { Array($0) } + name
        self.keys = keys
        self.authenticators = Mutex(authenticators)
    }

    /// With one key of ``keyByteCount`` secret random bytes.
    /// - Throws: ``SessionError/signingFailed`` for a key of another length.
    package convenience init(key: [UInt8], issuer: String) throws(SessionError) {
        try self.init(keys: RefreshKeys(only: key), issuer: issuer)
    }

    /// The one refresh token of a session's generation.
    ///
    /// Derived with the key that was in force when the generation was given out, so that who asks once more gets the
    /// identical one, a change of keys in between or not.
    /// - Parameters:
    ///   - token: the session and generation.
    ///   - givenOutAtMilliseconds: when the generation was given out, since 1970.
    /// - Returns: the text for the client.
    /// - Throws: ``SessionError/signingFailed``, also for a session id that is not 16 bytes in hexadecimal.
    package func seal(
        _ token: RefreshToken, givenOutAtMilliseconds: Int64 = 0
    ) throws(SessionError) -> String {
        guard let session = Hexadecimal.decode(token.sessionID), session.count == Self.sessionByteCount else {
            throw .signingFailed
        }
        let keyID = keys.keyID(inForceAtSeconds: givenOutAtMilliseconds / 1000)
        var body = [UInt8]()
        body.reserveCapacity(Self.tokenByteCount)
        body.append(Self.version)
        withUnsafeBytes(of: keyID.value.bigEndian) { body.append(contentsOf: $0) }
        body += session
        withUnsafeBytes(of: token.generation.bigEndian) { body.append(contentsOf: $0) }
        let message = context + body
        let code = authenticators.withLock { authenticators in
            message.withUnsafeBytes { try? authenticators[keyID]?.code(for: $0) }
        }
        guard let code else { throw .signingFailed }
        return Self.prefix + Base64URL.encode(body + code)
    }

    /// Reads a refresh token.
    /// - Throws: ``SessionError/Grant``: `malformed` or `forged`, the latter also for a key that is no longer kept.
    package func open(_ text: String) throws(SessionError.Grant) -> RefreshToken {
        guard
            text.utf8.count == Self.prefix.utf8.count + (Self.tokenByteCount * 4 + 2) / 3,
            text.utf8.starts(with: Self.prefix.utf8),
            let bytes = Base64URL.decode(String(text.dropFirst(Self.prefix.count))),
            bytes.count == Self.tokenByteCount,
            bytes[0] == Self.version
        else { throw .malformed }
        let sessionStart = 1 + Self.keyIDByteCount
        let sessionEnd = sessionStart + Self.sessionByteCount
        let keyID = RefreshKeyID(value: bytes[1..<sessionStart].reduce(0) { $0 << 8 | UInt32($1) })
        let message = context + bytes.prefix(Self.bodyByteCount)
        let code = Array(bytes.dropFirst(Self.bodyByteCount))
        let isOurs = authenticators.withLock { authenticators in
            guard let authenticator = authenticators[keyID] else { return false }
            return message.withUnsafeBytes { message in
                code.withUnsafeBytes { authenticator.isValid(code: $0, message: message) }
            }
        }
        guard isOurs else { throw .forged }
        return RefreshToken(
            sessionID: Hexadecimal.encode(bytes[sessionStart..<sessionEnd]),
            generation: bytes[sessionEnd..<Self.bodyByteCount].reduce(0) { $0 << 8 | UInt32($1) }
        )
    }
}
