import LibCrypto

/// Makes and checks password hashes; every call computes, so call it on a thread of the hashing pool.
package struct PasswordHasher: Sendable {
    /// How many bytes of salt new hashes have (NIST SP 800-132 section 5.1: 128 bits).
    package static let saltByteCount = 16

    /// How many bytes new hashes have.
    package static let hashByteCount = 32

    /// A hash that no password matches, with the cost of a new one: checked where there is no account.
    package let decoy: PasswordHash

    private let cost: ScryptCost
    private let derivation: any PasswordDerivation
    private let randomBytes: @Sendable (Int) throws(CredentialError) -> [UInt8]

    /// Makes a hasher.
    ///
    /// - Parameters:
    ///   - cost: The cost of new hashes.
    ///   - derivation: Computes them.
    ///   - randomBytes: Gives as many unpredictable bytes as it is asked for.
    /// - Throws: `hashingFailed` when there is no randomness.
    package init(
        cost: ScryptCost = .recommended,
        derivation: any PasswordDerivation = LibraryPasswordDerivation(),
        randomBytes: @escaping @Sendable (Int) throws(CredentialError) -> [UInt8] = Self.systemRandomBytes
    ) throws(CredentialError) {
        self.cost = cost
        self.derivation = derivation
        self.randomBytes = randomBytes
        decoy = .scrypt(
            try ScryptHash(cost: cost, salt: randomBytes(Self.saltByteCount), hash: randomBytes(Self.hashByteCount)))
    }

    /// Hashes a password under a fresh salt.
    ///
    /// - Parameter password: The password.
    /// - Returns: The hash, with the cost of this hasher.
    /// - Throws: `hashingFailed`.
    package func hash(_ password: Password) throws(CredentialError) -> PasswordHash {
        let salt = try randomBytes(Self.saltByteCount)
        let hash = try derivation.scrypt(
            password: password.normalizedBytes, salt: salt, cost: cost, byteCount: Self.hashByteCount)
        return .scrypt(try ScryptHash(cost: cost, salt: salt, hash: hash))
    }

    /// Whether a password is the one a hash was made of; computes exactly one hash, whatever the answer.
    ///
    /// A password of more than 72 bytes never matches a bcrypt hash: bcrypt would ignore its end, and the next hash
    /// would then be made of an end that nobody has checked.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - hash: The stored hash.
    /// - Returns: Whether they belong together; compared in constant time.
    /// - Throws: `hashingFailed`.
    package func verify(_ password: Password, against hash: PasswordHash) throws(CredentialError) -> Bool {
        switch hash {
        case .scrypt(let stored):
            let computed = try derivation.scrypt(
                password: password.normalizedBytes, salt: stored.salt, cost: stored.cost, byteCount: stored.hash.count)
            return constantTimeEqual(computed, stored.hash)
        case .bcrypt(let stored):
            let considered = password.bytes.prefix(BcryptHash.maximumPasswordByteCount)
            let computed = try derivation.bcrypt(password: Array(considered), setting: stored.setting)
            return constantTimeEqual(computed, stored.text) && considered.count == password.bytes.count
        }
    }

    /// Whether a hash is weaker than one made now: bcrypt, or scrypt with less memory, work, salt or length.
    ///
    /// - Parameter hash: The stored hash.
    /// - Returns: Whether to replace it once the password is known.
    package func needsRehash(_ hash: PasswordHash) -> Bool {
        guard case .scrypt(let stored) = hash else { return true }
        return stored.cost.memoryByteCount < cost.memoryByteCount || stored.cost.work < cost.work
            || stored.salt.count < Self.saltByteCount || stored.hash.count < Self.hashByteCount
    }

    /// Random bytes from the operating system, by OpenSSL.
    ///
    /// - Parameter count: How many.
    /// - Returns: That many bytes.
    /// - Throws: `hashingFailed`.
    package static func systemRandomBytes(_ count: Int) throws(CredentialError) -> [UInt8] {
        do {
            return try Random.bytes(count)
        } catch {
            throw CredentialError(.hashingFailed, detail: error.detail)
        }
    }
}
