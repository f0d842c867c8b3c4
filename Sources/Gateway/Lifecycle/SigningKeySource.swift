package import GatewayConfiguration
import JOSE
package import Sessions

/// Where the keys of `tokens` come from.
package enum SigningKeySource: Sendable {
    /// A folder, which may change while the gateway runs.
    case directory(SigningKeyDirectory)
    /// The configuration itself.
    case configuration(Configuration.Tokens)

    /// - Parameters:
    ///   - tokens: what the configuration says.
    ///   - leewaySeconds: how far clocks may differ.
    ///   - path: the configuration's file, named in advice.
    package init(_ tokens: Configuration.Tokens, leewaySeconds: Int64, configurationPath path: String) {
        guard let folder = tokens.keyDirectory else {
            self = .configuration(tokens)
            return
        }
        let timing = KeyTiming(
            publishAheadSeconds: tokens.publishAheadSeconds, rotateEverySeconds: tokens.rotateEverySeconds,
            accessLifetimeSeconds: tokens.accessLifetimeSeconds,
            sessionLifetimeSeconds: tokens.sessionLifetimeSeconds, leewaySeconds: leewaySeconds)
        self = .directory(
            SigningKeyDirectory(
                path: folder, configurationPath: path, algorithm: Self.algorithm(of: tokens), timing: timing))
    }

    /// The folder; `nil` when the keys stand in the configuration.
    package var directory: SigningKeyDirectory? {
        if case .directory(let directory) = self { directory } else { nil }
    }

    /// Reads every key.
    ///
    /// - Throws: `SigningKeyError`, which says what to do.
    package func load() throws(SigningKeyError) -> KeyRing {
        switch self {
        case .directory(let directory):
            try directory.load()
        case .configuration(let tokens):
            try KeyRing(
                signingKeys: tokens.signingKeys.map(\.exposed), refreshKeys: tokens.refreshKeys.map(\.exposed),
                algorithm: Self.algorithm(of: tokens))
        }
    }

    private static func algorithm(of tokens: Configuration.Tokens) -> SignatureAlgorithm {
        // Both lists have the names of RFC 7518, RFC 8037 and RFC 9864.
        SignatureAlgorithm(rawValue: tokens.algorithm.rawValue) ?? .es256
    }
}

extension ExtraClaims {
    init(_ claims: Configuration.TokenClaims) {
        self.init(
            everyone: claims.everyone.mapValues(ClaimTemplate.init),
            clients: claims.clients.mapValues { $0.mapValues(ClaimTemplate.init) },
            users: claims.users.mapValues { $0.mapValues(ClaimTemplate.init) })
    }
}

extension ClaimTemplate {
    init(_ value: Configuration.TokenClaims.Value) {
        self =
            switch value {
            case .text(let text): .text(text)
            case .flag(let flag): .flag(flag)
            case .integer(let number): .integer(number)
            case .texts(let texts): .texts(texts)
            }
    }
}
