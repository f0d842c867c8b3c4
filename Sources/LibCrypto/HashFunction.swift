import COpenSSL

/// The SHA-2 functions used by signatures, MACs and digests (FIPS 180-4).
package enum HashFunction: Sendable, Hashable, CaseIterable {
    case sha256, sha384, sha512

    /// Length of the digest in bytes.
    package var digestByteCount: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// Length in bytes of the block the function works on, which HMAC pads its key to.
    var blockByteCount: Int {
        switch self {
        case .sha256: 64
        case .sha384, .sha512: 128
        }
    }

    /// OpenSSL's implementation, fetched once: fetching per call costs more than hashing a token.
    var algorithm: OpaquePointer? {
        switch self {
        case .sha256: FetchedDigest.sha256.pointer
        case .sha384: FetchedDigest.sha384.pointer
        case .sha512: FetchedDigest.sha512.pointer
        }
    }
}

/// An `EVP_MD` fetched for the life of the process.
// @unchecked: an EVP_MD is immutable after the fetch and OpenSSL documents its use from many threads.
private struct FetchedDigest: @unchecked Sendable {
    let pointer: OpaquePointer?

    static let sha256 = FetchedDigest(name: "SHA256")
    static let sha384 = FetchedDigest(name: "SHA384")
    static let sha512 = FetchedDigest(name: "SHA512")

    private init(name: String) {
        pointer = EVP_MD_fetch(nil, name, nil)
    }
}
