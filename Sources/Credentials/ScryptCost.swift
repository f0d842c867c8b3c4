/// The cost parameters of scrypt (RFC 7914), within bounds that no hash can exceed, whoever made it.
package struct ScryptCost: Sendable, Hashable {
    /// The most memory one hash may take: 128 MiB, the largest of OWASP's equivalent settings.
    package static let maximumMemoryByteCount = 128 << 20

    /// The most work one hash may be, as N * r * p: twice OWASP's N=2^17, r=8, p=1.
    package static let maximumWork = 1 << 21

    /// The cost of new hashes: N=2^15, r=8, p=3, so 32 MiB and a few tenths of a second of one core.
    ///
    /// OWASP's Password Storage Cheat Sheet names N=2^17 p=1 (128 MiB), 2^16 p=2 (64 MiB) and 2^15 p=3 (32 MiB) as
    /// equally strong. The last one is taken because a gateway runs in small containers and hashes on several threads
    /// at once: the hashing pool needs 32 MiB a thread at most, and a burst of logins cannot get the gateway killed.
    package static let recommended = ScryptCost(unchecked: 15, blockSize: 8, parallelization: 3)

    /// The base-2 logarithm of N, which sets memory and time.
    package let logarithmOfCost: Int

    /// r, the block size in units of 128 bytes.
    package let blockSize: Int

    /// p, how often the whole is done.
    package let parallelization: Int

    private init(unchecked logarithmOfCost: Int, blockSize: Int, parallelization: Int) {
        self.logarithmOfCost = logarithmOfCost
        self.blockSize = blockSize
        self.parallelization = parallelization
    }

    /// Accepts parameters.
    ///
    /// - Parameters:
    ///   - logarithmOfCost: 1 to 20, and less than 16 r (RFC 7914 section 6).
    ///   - blockSize: 1 to 32.
    ///   - parallelization: 1 to 64.
    /// - Throws: `invalidPasswordHash` when one of them, their memory or their work is out of bounds.
    package init(logarithmOfCost: Int, blockSize: Int, parallelization: Int) throws(CredentialError) {
        // The single bounds come first: within them the products below cannot overflow.
        guard (1...20).contains(logarithmOfCost), (1...32).contains(blockSize), (1...64).contains(parallelization),
            logarithmOfCost < 16 * blockSize
        else { throw CredentialError(.invalidPasswordHash, detail: "scrypt parameter out of bounds") }
        self.init(unchecked: logarithmOfCost, blockSize: blockSize, parallelization: parallelization)
        guard memoryByteCount <= Self.maximumMemoryByteCount, work <= Self.maximumWork else {
            throw CredentialError(.invalidPasswordHash, detail: "scrypt parameters too costly")
        }
    }

    /// N, the number of blocks held in memory.
    package var cost: Int { 1 << logarithmOfCost }

    /// How much memory one hash takes, in bytes.
    package var memoryByteCount: Int { 128 * blockSize * cost }

    /// A measure of the time one hash takes: N * r * p.
    package var work: Int { cost * blockSize * parallelization }
}
