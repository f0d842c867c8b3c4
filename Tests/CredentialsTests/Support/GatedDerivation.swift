import Credentials
import Dispatch
import Synchronization

/// Holds every thread that derives until the gate is opened; derives nothing but zeroes.
final class GatedDerivation: PasswordDerivation {
    private let gate = DispatchSemaphore(value: 0)
    private let finished = Mutex(0)

    /// How many derivations have passed the gate.
    var finishedCount: Int { finished.withLock { $0 } }

    /// Lets so many derivations pass.
    func admit(_ count: Int) {
        for _ in 0..<count { gate.signal() }
    }

    func scrypt(
        password: [UInt8], salt: [UInt8], cost: ScryptCost, byteCount: Int
    ) throws(CredentialError) -> [UInt8] {
        gate.wait()
        finished.withLock { $0 += 1 }
        return [UInt8](repeating: 0, count: byteCount)
    }

    func bcrypt(password: [UInt8], setting: [UInt8]) throws(CredentialError) -> [UInt8] {
        throw CredentialError(.hashingFailed)
    }
}
