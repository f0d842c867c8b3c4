import Foundation
import Synchronization

/// Everything that must never be printed or logged: each token and password that a test meets is entered here, and all
/// that a gateway wrote is searched for all of them.
enum SecretLedger {
    private static let secrets = Mutex<Set<String>>([])

    static func enter(_ secret: String) {
        // A short one would be found everywhere.
        guard secret.utf8.count >= 12 else { return }
        secrets.withLock { _ = $0.insert(secret) }
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
        var found = secrets.withLock { secrets in secrets.filter { text.contains($0) } }.map {
            String($0.prefix(12)) + "…"
        }
        if text.contains("PRIVATE KEY") { found.append("a private key") }
        // The beginning of every JSON Web Token.
        if text.contains("eyJ") { found.append("something like a token") }
        // The scrypt and bcrypt forms of password hashes.
        if text.contains("$scrypt$") || text.contains("$2b$") { found.append("a password hash") }
        return found
    }
}
