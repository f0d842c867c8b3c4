/// Everything that can revoke one token, made ready once and kept with the verified token.
package final class DenyListQuery: Sendable {
    /// Which forms of the question to prepare: each costs memory for every remembered token.
    package struct Forms: OptionSet, Sendable {
        /// The bits.
        package let rawValue: UInt8
        /// Makes a set of its bits.
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// One encoded `MGET`, for Redis.
        package static let command = Forms(rawValue: 1)
        /// The key names, for a store inside the process.
        package static let names = Forms(rawValue: 2)
        /// The digests, for the mirror.
        package static let digests = Forms(rawValue: 4)
    }

    /// When the token was issued, milliseconds since 1970; see ``TimeOrderedID/issueInstant(tokenID:issuedAtSeconds:origin:)``.
    package let issuedAtMilliseconds: Int64
    /// What each key asks about, in the order of the keys.
    package let kinds: [RevocationKind]
    /// The encoded `MGET` of the names and, last, of `epoch`; empty unless asked for.
    ///
    /// Last, so that where each key is asked by itself nothing can have been lost before the others were asked.
    /// An array, because the storage of a buffer is rounded up to a power of two.
    package let command: [UInt8]
    /// The key names as bytes; empty unless asked for.
    package let names: [[UInt8]]
    /// The names as digests; empty unless asked for.
    package let digests: [RevocationDigest]

    /// Prepares the question.
    /// - Parameters:
    ///   - tokenID: the `jti`.
    ///   - sessionID: the `sid`, when the token has one.
    ///   - subject: the `sub`.
    ///   - clientID: the `client_id`, when the token has one.
    ///   - keyID: the `kid` it was signed with, when it has one.
    ///   - origin: who issued it.
    ///   - issuedAtMilliseconds: its issue instant.
    ///   - keys: the names in Redis.
    ///   - forms: what to prepare.
    package convenience init(
        tokenID: String,
        sessionID: String?,
        subject: String,
        clientID: String?,
        keyID: String?,
        origin: TokenOrigin,
        issuedAtMilliseconds: Int64,
        keys: RevocationKeys,
        forms: Forms = .command
    ) {
        var targets: [RevocationTarget] = []
        targets.reserveCapacity(6)
        targets.append(.token(jti: tokenID))
        if let sessionID { targets.append(.session(sessionID)) }
        targets.append(.subject(subject))
        if let clientID { targets.append(.client(clientID)) }
        if let keyID { targets.append(.key(keyID)) }
        targets.append(.all)
        self.init(
            targets: targets, origin: origin, issuedAtMilliseconds: issuedAtMilliseconds, keys: keys, forms: forms)
    }

    /// Prepares the question about a credential that only some kinds of revocation concern.
    /// - Parameters:
    ///   - targets: what can revoke it.
    ///   - origin: who issued it.
    ///   - issuedAtMilliseconds: when it was issued.
    ///   - keys: the names in Redis.
    ///   - forms: what to prepare.
    package init(
        targets: [RevocationTarget],
        origin: TokenOrigin,
        issuedAtMilliseconds: Int64,
        keys: RevocationKeys,
        forms: Forms = .command
    ) {
        self.issuedAtMilliseconds = issuedAtMilliseconds
        kinds = Self.kinds(of: targets)
        if forms.contains(.command) {
            let command = DenyListCommand(targets, origin: origin, keys: keys)
            self.command = command.bytes
            digests = forms.contains(.digests) ? command.digests : []
        } else {
            command = []
            digests = forms.contains(.digests) ? targets.map { RevocationDigest($0, origin: origin) } : []
        }
        names = forms.contains(.names) ? targets.map { Array(keys.key(of: $0, origin: origin).utf8) } : []
    }

    /// The same array for all questions of the same kinds: one of its own costs 48 bytes for every remembered token.
    private static func kinds(of targets: [RevocationTarget]) -> [RevocationKind] {
        for kinds in usualKinds where kinds.count == targets.count {
            if targets.indices.allSatisfy({ kinds[$0] == targets[$0].kind }) { return kinds }
        }
        return targets.map(\.kind)
    }

    private static let usualKinds: [[RevocationKind]] = [
        [.token, .session, .subject, .client, .key, .all], [.token, .subject, .client, .key, .all],
        [.token, .subject, .key, .all], [.token, .session, .subject, .key, .all],
    ]
}
