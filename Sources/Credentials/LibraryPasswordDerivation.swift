import CCrypt
import LibCrypto

/// scrypt by OpenSSL and bcrypt by libcrypt.
package struct LibraryPasswordDerivation: PasswordDerivation {
    /// Makes the derivation; it holds no state.
    package init() {}

    package func scrypt(
        password: [UInt8], salt: [UInt8], cost: ScryptCost, byteCount: Int
    ) throws(CredentialError) -> [UInt8] {
        let parameters = ScryptParameters(
            cost: cost.cost, blockSize: cost.blockSize, parallelization: cost.parallelization)
        do {
            return try Scrypt.derive(password: password, salt: salt, parameters: parameters, byteCount: byteCount)
        } catch {
            throw CredentialError(.hashingFailed, detail: error.detail)
        }
    }

    package func bcrypt(password: [UInt8], setting: [UInt8]) throws(CredentialError) -> [UInt8] {
        // On the heap: 32 KiB are much for the stack of a thread, and the library asks for zeroes.
        let workspace = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer { workspace.deallocate() }
        let byteCount = MemoryLayout<crypt_data>.size
        UnsafeMutableRawPointer(workspace).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)

        let phrase = password.map(CChar.init(bitPattern:)) + [0]
        let terminatedSetting = setting.map(CChar.init(bitPattern:)) + [0]
        // crypt_rn is crypt_r with a plain error: no hash-like text that has to be told from a hash.
        guard let hash = crypt_rn(phrase, terminatedSetting, workspace, CInt(byteCount)) else {
            throw CredentialError(.hashingFailed, detail: "libcrypt refused a bcrypt setting")
        }
        return hash.withMemoryRebound(to: UInt8.self, capacity: BcryptHash.textByteCount + 1) { characters in
            Array(UnsafeBufferPointer(start: characters, count: BcryptHash.textByteCount + 1).prefix { $0 != 0 })
        }
    }
}
