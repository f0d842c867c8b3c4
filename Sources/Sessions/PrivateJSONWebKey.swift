import JOSE
import LibCrypto

/// Reads a private JWK (RFC 7518 section 6, RFC 8037 section 2) into a key.
///
/// It is written out as the DER that OpenSSL reads, so that there is one way by which key pairs are made and checked.
struct PrivateJSONWebKey {
    let secret: SigningKeyMaterial.Secret
    let algorithm: SignatureAlgorithm?

    /// `nil` for what is not one usable signing key, also when the public members are not the private ones'.
    init?(json: [UInt8]) {
        guard let document = try? JSONParser().parse(json), let object = document.object else { return nil }
        if let use = object["use"], use.string != "sig" { return nil }
        if let operations = object["key_ops"], operations.array?.contains(.string("sign")) != true { return nil }
        if let name = object["alg"] {
            guard let known = name.string.flatMap({ SignatureAlgorithm(rawValue: $0) }) else { return nil }
            algorithm = known
        } else {
            algorithm = nil
        }
        if object["kty"]?.string == "oct" {
            guard let bytes = Self.bytes("k", of: object) else { return nil }
            secret = .symmetric(bytes)
            return
        }
        guard let pem = Self.pem(of: object), let key = try? PrivateKey(pem: pem),
            Self.hasPublicMembers(object, of: key.publicKey)
        else { return nil }
        secret = .keyPair(key)
    }

    private static func pem(of object: JSONObject) -> [UInt8]? {
        switch object["kty"]?.string {
        case "EC":
            guard let d = bytes("d", of: object), let curve = curve(of: object), d.count == curve.byteCount else {
                return nil
            }
            return pem("EC PRIVATE KEY", DER.sequence([.integer([1]), .octets(d), .tagged(0, .identifier(curve.oid))]))
        case "OKP":
            guard object["crv"]?.string == "Ed25519", let d = bytes("d", of: object), d.count == 32 else { return nil }
            return pem(
                "PRIVATE KEY",
                DER.sequence([
                    .integer([0]), DER.sequence([.identifier([0x2B, 0x65, 0x70])]), .octets(DER.octets(d).bytes),
                ]))
        case "RSA":
            let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
            let numbers = names.compactMap { bytes($0, of: object) }
            // More than two primes are not supported.
            guard numbers.count == names.count, object["oth"] == nil else { return nil }
            return pem("RSA PRIVATE KEY", DER.sequence([.integer([0])] + numbers.map { .integer($0) }))
        default:
            return nil
        }
    }

    private static func curve(of object: JSONObject) -> (oid: [UInt8], byteCount: Int)? {
        switch object["crv"]?.string {
        case "P-256": ([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], 32)
        case "P-384": ([0x2B, 0x81, 0x04, 0x00, 0x22], 48)
        case "P-521": ([0x2B, 0x81, 0x04, 0x00, 0x23], 66)
        default: nil
        }
    }

    /// The public members, written as text, must be those of the key that was made.
    private static func hasPublicMembers(_ object: JSONObject, of key: PublicKey) -> Bool {
        guard let webKey = try? JSONWebKey(material: .publicKey(key), keyID: nil, algorithm: nil),
            let published = webKey.publicJSON?.object
        else { return false }
        return ["kty", "crv", "x", "y", "n", "e"].allSatisfy { object[$0] == published[$0] }
    }

    private static func bytes(_ name: String, of object: JSONObject) -> [UInt8]? {
        guard let text = object[name]?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty else { return nil }
        return bytes
    }

    private static func pem(_ label: String, _ value: DER) -> [UInt8] {
        var base64 = Base64URL.encode(value.bytes).replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        var lines = ["-----BEGIN \(label)-----"]
        var rest = Substring(base64)
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return Array((lines + ["-----END \(label)-----", ""]).joined(separator: "\n").utf8)
    }
}

/// The few forms of DER (X.690) that private keys are written in.
private struct DER {
    let bytes: [UInt8]

    private init(_ tag: UInt8, _ content: [UInt8]) {
        let count = content.count
        let length: [UInt8] =
            count < 0x80
            ? [UInt8(count)]
            : count < 0x100
                ? [0x81, UInt8(count)] : [0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(count & 0xFF)]
        bytes = [tag] + length + content
    }

    static func sequence(_ parts: [DER]) -> DER { DER(0x30, parts.flatMap(\.bytes)) }

    static func octets(_ content: [UInt8]) -> DER { DER(0x04, content) }

    static func identifier(_ content: [UInt8]) -> DER { DER(0x06, content) }

    static func tagged(_ number: UInt8, _ part: DER) -> DER { DER(0xA0 | number, part.bytes) }

    /// A number that is not negative, given in big-endian bytes.
    static func integer(_ number: [UInt8]) -> DER {
        let digits = Array(number.drop { $0 == 0 })
        return DER(0x02, (digits.first ?? 0x80) >= 0x80 ? [0] + digits : digits)
    }
}
