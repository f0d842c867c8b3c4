import Credentials
import Synchronization

/// Counts what is derived, and derives it by the real library.
final class CountingDerivation: PasswordDerivation {
    struct Counts: Equatable {
        var scrypt: [ScryptCost] = []
        var bcrypt = 0
    }

    private let counts = Mutex(Counts())
    private let library = LibraryPasswordDerivation()

    /// What was derived since the last call of this.
    func takeCounts() -> Counts {
        counts.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }

    func scrypt(
        password: [UInt8], salt: [UInt8], cost: ScryptCost, byteCount: Int
    ) throws(CredentialError) -> [UInt8] {
        counts.withLock { $0.scrypt.append(cost) }
        return try library.scrypt(password: password, salt: salt, cost: cost, byteCount: byteCount)
    }

    func bcrypt(password: [UInt8], setting: [UInt8]) throws(CredentialError) -> [UInt8] {
        counts.withLock { $0.bcrypt += 1 }
        return try library.bcrypt(password: password, setting: setting)
    }
}
