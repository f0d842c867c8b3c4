import JOSE
import LibCrypto

/// Keys as JWK: what is taken is strong enough, survives being published, can be used, and verifies nothing made up.
enum KeyInvariants {
    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        // A set nests two levels more.
        let limits = JSONLimits(maximumByteCount: 16 * 1024, maximumDepth: 14, maximumMemberCount: 256)
        guard let json = try? JSONParser(limits: limits).parse(input) else { return nil }
        let set = JSONWriter.bytes(of: .object([("keys", .array([json]))]))
        let alone = try? JSONWebKey(json: json)
        let published = try? JSONWebKeySet(json: set)
        guard (alone != nil) == (published != nil) else {
            return "a key is taken alone and not in a set, or the other way"
        }
        for key in (try? JSONWebKeySet(json: Array(input), provenance: .operatorFile))?.keys ?? [] {
            if let complaint = keyComplaint(key) { return complaint }
        }
        return alone.flatMap { keyComplaint($0) }
    }

    private static func keyComplaint(_ key: JSONWebKey) -> String? {
        switch key.material {
        case .symmetric(let secret):
            guard secret.count >= 32, key.publicJSON == nil else {
                return "a short secret was taken, or one is published"
            }
        case .publicKey(let publicKey):
            if let complaint = publicationComplaint(key) { return complaint }
            if case .rsa(let modulus, let exponent) = publicKey.parameters {
                guard (256...2048).contains(modulus.count), modulus.last.map({ $0 & 1 }) == 1 else {
                    return "RSA modulus"
                }
                guard exponent.count <= 5, exponent != [1], exponent.last.map({ $0 & 1 }) == 1 else {
                    return "RSA exponent"
                }
            }
        }
        let fitting = SignatureAlgorithm.allCases.filter(key.fits)
        guard !fitting.isEmpty else { return "a key was taken that fits no algorithm" }
        return fitting.compactMap { useComplaint(key, $0) }.first
    }

    private static func publicationComplaint(_ key: JSONWebKey) -> String? {
        guard let json = key.publicJSON else { return "a public key is not published" }
        guard json["d"] == nil, json["k"] == nil else { return "a private part is published" }
        guard let again = try? JSONWebKey(json: json) else { return "what is published is not taken" }
        return again.thumbprint() == key.thumbprint() ? nil : "what is published is another key"
    }

    private static func useComplaint(_ key: JSONWebKey, _ algorithm: SignatureAlgorithm) -> String? {
        let message = [UInt8](repeating: 0x61, count: 100)
        for width in [0, 32, 64, 96, 132, 256] {
            for filler in [UInt8(0), 0xFF] {
                let signature = [UInt8](repeating: filler, count: width)
                do {
                    guard try !isValid(signature, message, key, algorithm) else {
                        return "an invented signature is valid"
                    }
                } catch {
                    return "a key that was taken cannot be used for \(algorithm)"
                }
            }
        }
        return nil
    }

    private static func isValid(
        _ signature: [UInt8], _ message: [UInt8], _ key: JSONWebKey, _ algorithm: SignatureAlgorithm
    ) throws -> Bool {
        switch (key.material, algorithm.scheme, algorithm.authenticationHash) {
        case (.publicKey(let key), let scheme?, _):
            let verifier = try SignatureVerifier(key: key, scheme: scheme)
            return signature.withUnsafeBytes { signature in
                message.withUnsafeBytes { verifier.isValid(signature: signature, message: $0) }
            }
        case (.symmetric(let secret), _, let hash?):
            let authenticator = try MessageAuthenticator(key: secret, hash: hash)
            return signature.withUnsafeBytes { code in
                message.withUnsafeBytes { authenticator.isValid(code: code, message: $0) }
            }
        default:
            return false
        }
    }
}
