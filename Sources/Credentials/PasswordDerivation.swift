/// The slow functions behind password hashes; tests put a counting one in the place of the real one.
package protocol PasswordDerivation: Sendable {
    /// Computes scrypt (RFC 7914).
    ///
    /// - Parameters:
    ///   - password: The password's bytes.
    ///   - salt: The salt.
    ///   - cost: Memory and time.
    ///   - byteCount: How many bytes to derive.
    /// - Returns: The derived key.
    /// - Throws: `hashingFailed`, mostly for want of memory.
    func scrypt(
        password: [UInt8], salt: [UInt8], cost: ScryptCost, byteCount: Int
    ) throws(CredentialError) -> [UInt8]

    /// Computes bcrypt.
    ///
    /// - Parameters:
    ///   - password: The password's bytes, without NUL; bytes after the 72nd count for nothing.
    ///   - setting: Version, cost and salt, 29 bytes.
    /// - Returns: The whole hash, 60 bytes.
    /// - Throws: `hashingFailed`.
    func bcrypt(password: [UInt8], setting: [UInt8]) throws(CredentialError) -> [UInt8]
}
