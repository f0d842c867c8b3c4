import Foundation
import LibCrypto

enum TestFailure: Error {
    case badHex(String)
    case badBase64(String)
    case openSSL
}

extension Array where Element == UInt8 {
    init(hex: String) throws {
        var bytes: [UInt8] = []
        var digits = hex.filter { !$0.isWhitespace }[...]
        while !digits.isEmpty {
            guard digits.count >= 2, let byte = UInt8(digits.prefix(2), radix: 16) else {
                throw TestFailure.badHex(hex)
            }
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        self = bytes
    }

    init(base64URL: some StringProtocol) throws {
        var text = base64URL.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        guard let data = Data(base64Encoded: text) else { throw TestFailure.badBase64(String(base64URL)) }
        self = [UInt8](data)
    }

    /// Big-endian sum with a small number, wrapping at the array's width.
    func adding(_ summand: Int) -> [UInt8] {
        var sum = self
        var carry = summand
        for index in sum.indices.reversed() {
            carry += Int(sum[index])
            sum[index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        return sum
    }
}

func pem(label: String, der: [UInt8]) -> [UInt8] {
    let body = Data(der).base64EncodedString(options: .lineLength64Characters)
    return [UInt8]("-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n".utf8)
}

extension SignatureVerifier {
    func isValid(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { isValid(signature: signature, message: $0) }
        }
    }
}

extension MessageAuthenticator {
    func code(for message: [UInt8]) throws -> [UInt8] {
        try message.withUnsafeBytes { try code(for: $0) }
    }

    func isValid(_ code: [UInt8], _ message: [UInt8]) -> Bool {
        code.withUnsafeBytes { code in
            message.withUnsafeBytes { isValid(code: code, message: $0) }
        }
    }
}

/// Keys shared by the suites: an RSA key takes a while to make.
enum TestKeys {
    private static let rsa = Result { try PrivateKey.generate(.rsa(bits: 2048)) }
    private static let p256 = Result { try PrivateKey.generate(.elliptic(.p256)) }
    private static let p384 = Result { try PrivateKey.generate(.elliptic(.p384)) }
    private static let p521 = Result { try PrivateKey.generate(.elliptic(.p521)) }
    private static let ed25519 = Result { try PrivateKey.generate(.ed25519) }

    static func key(for scheme: SignatureScheme) throws -> PrivateKey {
        switch scheme {
        case .rsaPKCS1, .rsaPSS: try rsa.get()
        case .ecdsa(.p256, _): try p256.get()
        case .ecdsa(.p384, _): try p384.get()
        case .ecdsa(.p521, _): try p521.get()
        case .ed25519: try ed25519.get()
        }
    }
}

extension SignatureScheme {
    /// The schemes of JOSE's algorithms.
    static let all: [SignatureScheme] =
        HashFunction.allCases.map { .rsaPKCS1($0) } + HashFunction.allCases.map { .rsaPSS($0) }
        + [.ecdsa(.p256, .sha256), .ecdsa(.p384, .sha384), .ecdsa(.p521, .sha512), .ed25519]
}
