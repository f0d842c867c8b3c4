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
/// `rt_` and base64url of: version (1 byte, 1), session id (16 bytes), generation (4 bytes, big-endian), HMAC-SHA256
/// over a label, the issuer and the bytes before it.
package final class RefreshTokenSealer: Sendable {
    /// The length of the server key.
    package static let keyByteCount = 32
    private static let prefix = "rt_"
    private static let version: UInt8 = 1
    private static let sessionByteCount = 16
    private static let bodyByteCount = 1 + sessionByteCount + 4
    private static let tokenByteCount = bodyByteCount + 32

    private let context: [UInt8]
    // The authenticator is for one user at a time; a code takes half a microsecond, so waiting for it costs little.
    private let authenticator: Mutex<MessageAuthenticator>

    /// - Parameters:
    ///   - key: ``keyByteCount`` secret random bytes.
    ///   - issuer: the issuer, so that two gateways with one key do not take each other's tokens.
    /// - Throws: ``SessionError/signingFailed`` for a key of another length.
    package init(key: [UInt8], issuer: String) throws(SessionError) {
        guard
            key.count == Self.keyByteCount,
            let authenticator = try? MessageAuthenticator(key: key, hash: .sha256)
        else { throw .signingFailed }
        let name = Array(issuer.utf8)
        // The issuer's length comes before it, so that no two contexts can run together alike.
        context =
            Array("portcullis refresh token v1\0".utf8)
            + withUnsafeBytes(of: UInt64(name.count).bigEndian) { Array($0) } + name
        self.authenticator = Mutex(authenticator)
    }

    /// The one refresh token of a session's generation.
    /// - Throws: ``SessionError/signingFailed``, also for a session id that is not 16 bytes in hexadecimal.
    package func seal(_ token: RefreshToken) throws(SessionError) -> String {
        guard let session = Hexadecimal.decode(token.sessionID), session.count == Self.sessionByteCount else {
            throw .signingFailed
        }
        let body = [Self.version] + session + withUnsafeBytes(of: token.generation.bigEndian) { Array($0) }
        let message = context + body
        let code = authenticator.withLock { authenticator in
            message.withUnsafeBytes { try? authenticator.code(for: $0) }
        }
        guard let code else { throw .signingFailed }
        return Self.prefix + Base64URL.encode(body + code)
    }

    /// Reads a refresh token.
    /// - Throws: ``SessionError/Grant``: `malformed` or `forged`.
    package func open(_ text: String) throws(SessionError.Grant) -> RefreshToken {
        guard
            text.utf8.count == Self.prefix.utf8.count + (Self.tokenByteCount * 4 + 2) / 3,
            text.utf8.starts(with: Self.prefix.utf8),
            let bytes = Base64URL.decode(String(text.dropFirst(Self.prefix.count))),
            bytes.count == Self.tokenByteCount,
            bytes[0] == Self.version
        else { throw .malformed }
        let message = context + bytes.prefix(Self.bodyByteCount)
        let code = Array(bytes.dropFirst(Self.bodyByteCount))
        let isOurs = authenticator.withLock { authenticator in
            message.withUnsafeBytes { message in
                code.withUnsafeBytes { authenticator.isValid(code: $0, message: message) }
            }
        }
        guard isOurs else { throw .forged }
        let generation = bytes[(1 + Self.sessionByteCount)..<Self.bodyByteCount].reduce(0) { $0 << 8 | UInt32($1) }
        return RefreshToken(
            sessionID: Hexadecimal.encode(bytes[1...Self.sessionByteCount]),
            generation: generation
        )
    }
}
