import Foundation
import Synchronization

/// Everything that must never be printed or logged: each token and password that a test meets is entered here, and all
/// that a gateway wrote is searched for all of them.
enum SecretLedger {
    /// By their first eight bytes, so that a long log is read once and not once for each of thousands of tokens.
    private static let secrets = Mutex<[UInt64: Set<String>]>([:])

    static func enter(_ secret: String) {
        // A short one would be found everywhere.
        guard secret.utf8.count >= 12 else { return }
        let start = secret.utf8.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        secrets.withLock { _ = $0[start, default: []].insert(secret) }
    }

    private static func known(in text: String) -> Set<String> {
        let secrets = secrets.withLock { $0 }
        let bytes = Array(text.utf8)
        var (window, found) = (UInt64(0), Set<String>())
        for (index, byte) in bytes.enumerated() {
            window = window << 8 | UInt64(byte)
            guard let candidates = secrets[window], index >= 7 else { continue }
            let rest = bytes[(index - 7)...]
            found.formUnion(candidates.filter { rest.starts(with: $0.utf8) })
        }
        return found
    }

    /// What stands in a log of it, and of what looks like a secret, whether a test has entered it or not.
    static func logLeaks(in text: String) -> [String] {
        var found = leaks(in: text)
        if text.contains(/\brt_[A-Za-z0-9_\-]{16,}/) { found.append("something like a refresh token") }
        if text.contains(/\bpk_[A-Za-z0-9]+_[A-Za-z0-9]{16,}/) { found.append("something like an API key") }
        return found
    }

    /// What of it stands in a text, shortened; empty when all is well.
    static func leaks(in text: String) -> [String] {
        var found = known(in: text).map { String($0.prefix(12)) + "…" }
        if text.contains("PRIVATE KEY") { found.append("a private key") }
        // The beginning of every JSON Web Token.
        if text.contains("eyJ") { found.append("something like a token") }
        // The scrypt and bcrypt forms of password hashes.
        if text.contains("$scrypt$") || text.contains("$2b$") { found.append("a password hash") }
        return found
    }
}
