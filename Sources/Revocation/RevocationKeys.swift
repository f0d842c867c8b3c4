import LibCrypto

/// The names of everything the deny-list keeps in Redis.
///
/// With Redis Cluster the prefix must contain a hash tag (`{portcullis}:`), since scripts touch several keys at once.
package struct RevocationKeys: Sendable, Hashable {
    /// Identifiers longer than this many bytes are replaced by their digest.
    package static let longestPlainIdentifierBytes = 128

    /// How long a digest is that stands for an identifier.
    static let digestBytes = 64

    /// What every name begins with.
    package let prefix: String
    /// What the names of keys that hold a revocation begin with.
    let revokedPrefix: [UInt8]

    /// - Parameter prefix: the configured `key_prefix`, for instance `portcullis:`.
    package init(prefix: String) {
        self.prefix = prefix
        revokedPrefix = Array("\(prefix)revoked:".utf8)
        epoch = "\(prefix)epoch"
    }

    /// The mark of one revoked token.
    package func tokenKey(jti: String, origin: TokenOrigin = .own) -> String {
        key(of: .token(jti: jti), origin: origin)
    }

    /// The mark of a revoked session.
    package func sessionKey(_ session: String, origin: TokenOrigin = .own) -> String {
        key(of: .session(session), origin: origin)
    }

    /// The cut-off of a subject.
    package func subjectKey(_ subject: String, origin: TokenOrigin = .own) -> String {
        key(of: .subject(subject), origin: origin)
    }

    /// The cut-off of a client.
    package func clientKey(_ client: String, origin: TokenOrigin = .own) -> String {
        key(of: .client(client), origin: origin)
    }

    /// The cut-off of a signing key.
    package func keyKey(kid: String, origin: TokenOrigin = .own) -> String {
        key(of: .key(kid), origin: origin)
    }

    /// The cut-off of every token, whoever issued it.
    package var allKey: String { "\(prefix)revoked:all" }

    /// The stream with one entry for each revocation as it is written.
    package var stream: String { "\(prefix)revocations" }

    /// The random value whose loss shows that Redis lost data.
    package let epoch: String

    /// The leases of the nodes that answer from memory: until when, and how far each has read the stream.
    package var mirrors: String { "\(prefix)mirrors" }

    /// The newest issue instant given to a token of ours.
    ///
    /// A cut-off is never set below it: otherwise a token whose instant was pushed past an earlier cut-off of the same
    /// millisecond, or issued by a node with a fast clock, would outlive the revocation that came after it.
    package var issued: String { "\(prefix)issued" }

    /// The name of the key that holds a revocation.
    package func key(of target: RevocationTarget, origin: TokenOrigin) -> String {
        guard target.kind != .all else { return allKey }
        return "\(prefix)revoked:\(target.kind.rawValue):\(Self.identifier(target.name, origin: origin))"
    }

    /// The name of the key that holds a revocation known from the stream.
    func key(of entry: RevocationEntry) -> String {
        guard entry.kind != .all else { return allKey }
        return "\(prefix)revoked:\(entry.kind.rawValue):\(String(decoding: entry.identifier, as: UTF8.self))"
    }

    /// The name of the cut-off that ends sessions; it outlives the one for access tokens, by the life of a refresh
    /// token.
    ///
    /// `nil` for what ends no session of ours.
    package func sessionCutoffKey(of target: RevocationTarget, origin: TokenOrigin) -> String? {
        guard origin == .own || target.kind == .all else { return nil }
        switch target.kind {
        case .session, .subject, .client:
            return "\(prefix)cutoff:\(target.kind.rawValue):\(Self.identifier(target.name, origin: .own))"
        case .all:
            return "\(prefix)cutoff:all"
        case .token, .key:
            return nil
        }
    }

    /// An identifier as it appears in names: long or odd ones as SHA-256 in hex, foreign ones behind their issuer.
    package static func identifier(_ text: String, origin: TokenOrigin = .own) -> String {
        let plain = isPlain(text) ? text : digest(of: text)
        switch origin {
        case .own:
            return plain
        case .foreign(let namePrefix):
            return namePrefix + plain
        }
    }

    /// Whether a text may stand in a name as it is.
    static func isPlain(_ text: String) -> Bool {
        guard text.utf8.count <= longestPlainIdentifierBytes else { return false }
        var text = text
        return text.withUTF8 { bytes in
            // Not ended early, so that many are compared at once.
            var oddBits: UInt8 = 0
            for byte in bytes { oddBits |= byte &- 0x20 > 0x7E - 0x20 ? 1 : 0 }
            return oddBits == 0
        }
    }

    /// What stands for a text that may not.
    static func digest(of text: String) -> String {
        Hexadecimal.encode(Digest.hash(Array(text.utf8), with: .sha256))
    }
}
