/// A scrypt hash in PHC string form: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`.
package struct ScryptHash: Sendable, Hashable {
    /// How many bytes of salt are accepted; NIST SP 800-63B section 5.1.1.2 wants 4; new hashes have 16.
    package static let saltByteCounts = 4...64

    /// How many bytes of hash are accepted; new hashes have thirty-two.
    package static let hashByteCounts = 16...64

    /// What it took to compute.
    package let cost: ScryptCost

    /// The random bytes that make equal passwords differ.
    package let salt: [UInt8]

    /// The derived key.
    package let hash: [UInt8]

    /// Joins the parts of a hash.
    ///
    /// - Parameters:
    ///   - cost: What it took to compute.
    ///   - salt: 4 to 64 bytes.
    ///   - hash: 16 to 64 bytes.
    /// - Throws: `invalidPasswordHash` when a length is out of bounds.
    package init(cost: ScryptCost, salt: [UInt8], hash: [UInt8]) throws(CredentialError) {
        guard Self.saltByteCounts.contains(salt.count), Self.hashByteCounts.contains(hash.count) else {
            throw CredentialError(.invalidPasswordHash, detail: "length of salt or hash out of bounds")
        }
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Reads a PHC string; exactly one spelling of each hash is accepted.
    ///
    /// - Parameter text: The string, at most `PasswordHash.maximumByteCount` bytes long.
    /// - Throws: `invalidPasswordHash`.
    init(parsing text: String.UTF8View) throws(CredentialError) {
        let fields = text.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0].isEmpty, fields[1].elementsEqual("scrypt".utf8) else {
            throw CredentialError(.invalidPasswordHash, detail: "not a PHC string of scrypt")
        }
        let parameters = fields[2].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parameters.count == 3,
            let logarithmOfCost = Self.number(in: parameters[0], after: "ln="),
            let blockSize = Self.number(in: parameters[1], after: "r="),
            let parallelization = Self.number(in: parameters[2], after: "p=")
        else { throw CredentialError(.invalidPasswordHash, detail: "scrypt parameters malformed") }
        guard let salt = PHCBase64.decode(fields[3]), let hash = PHCBase64.decode(fields[4]) else {
            throw CredentialError(.invalidPasswordHash, detail: "salt or hash is not base64")
        }
        try self.init(
            cost: ScryptCost(
                logarithmOfCost: logarithmOfCost, blockSize: blockSize, parallelization: parallelization),
            salt: salt, hash: hash)
    }

    /// The PHC string.
    var phcString: String {
        "$scrypt$ln=\(cost.logarithmOfCost),r=\(cost.blockSize),p=\(cost.parallelization)"
            + "$\(PHCBase64.encode(salt))$\(PHCBase64.encode(hash))"
    }

    /// A decimal number of one or two digits without a leading zero: all that the bounds leave possible.
    private static func number(in field: Substring.UTF8View, after prefix: String) -> Int? {
        guard field.starts(with: prefix.utf8) else { return nil }
        let digits = field.dropFirst(prefix.utf8.count)
        guard (1...2).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
