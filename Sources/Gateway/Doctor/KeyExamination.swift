import Foundation
import GatewayConfiguration
import Sessions

/// Whether there is a key to sign with, kept from others, and not too old.
enum KeyExamination {
    private static let check = "signing_keys"
    private static let daySeconds: Int64 = 86_400

    static func findings(_ configuration: Configuration, path: String) -> [Finding] {
        guard let tokens = configuration.tokens else {
            return [Finding(.ok, check, "no tokens are issued here, so no key is needed")]
        }
        let source = SigningKeySource(tokens, leewaySeconds: configuration.leewaySeconds, configurationPath: path)
        let now = Int64(Date.now.timeIntervalSince1970)
        do throws(SigningKeyError) {
            _ = try source.load().keys(atSeconds: now)
            guard let directory = source.directory else {
                return [Finding(.ok, check, "the keys in tokens.signing_key can be used")]
            }
            guard let keys = try? directory.list(nowSeconds: now) else {
                return [Finding(.ok, check, "\(directory.path): the keys can be used; they are exchanged elsewhere")]
            }
            return [age(of: keys, tokens, nowSeconds: now, path: path)]
        } catch {
            return [Finding(.problem, check, error.description)]
        }
    }

    /// Judges by the key that signs: keys that follow a schedule are exchanged by any gateway that runs.
    static func age(
        of keys: [SigningKeyDescription], _ tokens: Configuration.Tokens, nowSeconds: Int64, path: String
    ) -> Finding {
        let signing = keys.filter { $0.purpose != .refreshTokens }
        guard let current = signing.first(where: { $0.state == .current }) else {
            return Finding(.problem, check, "no key signs now; run portcullis keys generate --config \(path)")
        }
        let days = max(0, nowSeconds - current.createdSeconds) / daySeconds
        let hasNext = signing.contains { $0.state == .next }
        let limit = tokens.rotateEverySeconds.map { $0 + tokens.publishAheadSeconds + daySeconds } ?? 365 * daySeconds
        guard nowSeconds - (current.activatesSeconds ?? current.createdSeconds) <= limit || hasNext else {
            let advice =
                tokens.rotateEverySeconds == nil
                ? "run portcullis keys rotate --config \(path), or set tokens.rotate_every"
                : "tokens.rotate_every has passed and no gateway has exchanged it: is one running, and may it write there?"
            return Finding(.warning, check, "the key \(current.keyID) is \(days) days old; \(advice)")
        }
        let verifying = signing.filter { $0.state == .previous }.count
        return Finding(
            .ok, check,
            "\(current.keyID) signs, \(days) days old; \(verifying) older keys still verify, "
                + (hasNext ? "the next is published" : "no next one is published"))
    }
}
