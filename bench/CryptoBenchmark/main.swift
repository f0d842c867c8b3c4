// Prints the CPU time of one verification under each scheme, to set against `openssl speed rsa2048 ecdsap256 ...`.
import Foundation
import LibCrypto

/// A signing input as long as a common access token's.
let message = [UInt8](repeating: 0x61, count: 600)
let rounds = 7
let secondsPerRound = 0.15

/// Smallest mean CPU time in microseconds over the rounds: others on the machine can only make a round slower.
func measureMicroseconds(_ operation: () -> Bool) -> Double {
    var best = Double.infinity
    for _ in 0..<rounds {
        let start = clock()
        var repetitions = 0
        repeat {
            for _ in 0..<16 where !operation() {
                return .nan
            }
            repetitions += 16
        } while Double(clock() - start) < secondsPerRound * Double(CLOCKS_PER_SEC)
        best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e6 / Double(repetitions))
    }
    return best
}

func report(_ name: String, _ microseconds: Double) {
    print(name.padding(toLength: 16, withPad: " ", startingAt: 0), String(format: "%8.2f µs", microseconds))
}

let schemes: [(String, KeyKind, SignatureScheme)] = [
    ("RS256 2048", .rsa(bits: 2048), .rsaPKCS1(.sha256)),
    ("PS256 2048", .rsa(bits: 2048), .rsaPSS(.sha256)),
    ("ES256", .elliptic(.p256), .ecdsa(.p256, .sha256)),
    ("ES384", .elliptic(.p384), .ecdsa(.p384, .sha384)),
    ("ES512", .elliptic(.p521), .ecdsa(.p521, .sha512)),
    ("Ed25519", .ed25519, .ed25519),
]

print(CryptoLibrary.version)
for (name, kind, scheme) in schemes {
    let key = try PrivateKey.generate(kind)
    let signature = try Signer(key: key, scheme: scheme).sign(message)
    let verifier = try SignatureVerifier(key: key.publicKey, scheme: scheme)
    signature.withUnsafeBytes { signature in
        message.withUnsafeBytes { message in
            report(name, measureMicroseconds { verifier.isValid(signature: signature, message: message) })
        }
    }
}

for (name, hash) in [("HS256", HashFunction.sha256), ("HS512", .sha512)] {
    let authenticator = try MessageAuthenticator(key: [UInt8](repeating: 7, count: 64), hash: hash)
    try message.withUnsafeBytes { message in
        try authenticator.code(for: message).withUnsafeBytes { code in
            report(name, measureMicroseconds { authenticator.isValid(code: code, message: message) })
        }
    }
}
