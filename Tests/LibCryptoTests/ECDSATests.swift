import Testing

@testable import LibCrypto

@Suite("ECDSA")
struct ECDSATests {
    /// FIPS 186-4, appendix D.1.2.
    static func order(of curve: EllipticCurve) throws -> [UInt8] {
        switch curve {
        case .p256:
            try [UInt8](hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        case .p384:
            try [UInt8](
                hex: """
                    ffffffffffffffffffffffffffffffffffffffffffffffff
                    c7634d81f4372ddf581a0db248b0a77aecec196accc52973
                    """)
        case .p521:
            try [UInt8](
                hex: """
                    01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
                    fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409
                    """)
        }
    }

    static func scheme(_ curve: EllipticCurve) -> SignatureScheme {
        switch curve {
        case .p256: .ecdsa(.p256, .sha256)
        case .p384: .ecdsa(.p384, .sha384)
        case .p521: .ecdsa(.p521, .sha512)
        }
    }

    @Test("r or s of zero, of the order and above are refused", arguments: EllipticCurve.allCases)
    func outOfRange(curve: EllipticCurve) throws {
        let scheme = Self.scheme(curve)
        let key = try TestKeys.key(for: scheme)
        let message = [UInt8]("range".utf8)
        let signature = try Signer(key: key, scheme: scheme).sign(message)
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: scheme)
        let width = curve.coordinateByteCount
        let (r, s) = ([UInt8](signature.prefix(width)), [UInt8](signature.suffix(width)))
        let order = try Self.order(of: curve)
        let zero = [UInt8](repeating: 0, count: width)
        let outside = [zero, order, order.adding(1), [UInt8](repeating: 0xff, count: width)]
        for value in outside {
            #expect(!verifier.isValid(value + s, message))
            #expect(!verifier.isValid(r + value, message))
            for other in outside + [zero.adding(1)] {
                #expect(!verifier.isValid(value + other, message))
            }
        }
        #expect(verifier.isValid(r + s, message))
    }

    @Test("the conversion takes 1 to n - 1 and nothing else", arguments: EllipticCurve.allCases)
    func rangeOfConversion(curve: EllipticCurve) throws {
        let order = try Self.order(of: curve)
        let zero = [UInt8](repeating: 0, count: curve.coordinateByteCount)
        let inside = [zero.adding(1), zero.adding(0x7f), zero.adding(0x80), zero.adding(0xffff), order.adding(-1)]
        for r in inside {
            for s in inside {
                let der = try #require(encode(r + s, order: order))
                #expect(ECDSASignature.decode(der: der, coordinateByteCount: curve.coordinateByteCount) == r + s)
                #expect(der == Self.referenceDER(r, s))
            }
            for outside in [zero, order, order.adding(1)] {
                #expect(encode(r + outside, order: order) == nil)
                #expect(encode(outside + r, order: order) == nil)
            }
        }
    }

    @Test("integers of every length convert to minimal DER and back", arguments: EllipticCurve.allCases)
    func everyLength(curve: EllipticCurve) throws {
        let order = try Self.order(of: curve)
        let width = curve.coordinateByteCount
        for zeros in 1..<width {
            for high in [0x01, 0x7f, 0x80, 0xff] as [UInt8] {
                var r = [UInt8](repeating: 0x5a, count: width)
                r.replaceSubrange(0..<zeros, with: repeatElement(0, count: zeros))
                r[zeros] = high
                guard r.lexicographicallyPrecedes(order) else { continue }
                // With a long s, P-521 passes the length from which DER needs a second length byte.
                for s in [[UInt8](repeating: 0, count: width).adding(1), order.adding(-1)] {
                    let der = try #require(encode(r + s, order: order))
                    #expect(der == Self.referenceDER(r, s))
                    #expect(der.count <= ECDSASignature.maximumDERByteCount)
                    #expect(ECDSASignature.decode(der: der, coordinateByteCount: width) == r + s)
                }
            }
        }
    }

    @Test("a DER signature is refused where r || s is due", arguments: EllipticCurve.allCases)
    func derInsteadOfRaw(curve: EllipticCurve) throws {
        let scheme = Self.scheme(curve)
        let key = try TestKeys.key(for: scheme)
        let signature = try Signer(key: key, scheme: scheme).sign([1])
        let der = try #require(encode(signature, order: Self.order(of: curve)))
        #expect(try !SignatureVerifier(key: key.publicKey, scheme: scheme).isValid(der, [1]))
    }

    @Test("a signature is always twice as wide as the field", arguments: EllipticCurve.allCases)
    func fixedWidth(curve: EllipticCurve) throws {
        let scheme = Self.scheme(curve)
        let signer = try Signer(key: TestKeys.key(for: scheme), scheme: scheme)
        let verifier = try SignatureVerifier(key: TestKeys.key(for: scheme).publicKey, scheme: scheme)
        // Among 600 signatures some have a leading zero byte in r or s.
        for index in 0..<(curve == .p256 ? 600 : 20) {
            let message = [UInt8(index & 0xff), UInt8(index >> 8)]
            let signature = try signer.sign(message)
            #expect(signature.count == 2 * curve.coordinateByteCount)
            #expect(verifier.isValid(signature, message))
        }
    }

    private func encode(_ raw: [UInt8], order: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0xee, count: ECDSASignature.maximumDERByteCount)
        let count = raw.withUnsafeBytes { raw in
            output.withUnsafeMutableBufferPointer { output in
                output.baseAddress.flatMap { ECDSASignature.encode(raw, order: order, into: $0) }
            }
        }
        return count.map { [UInt8](output.prefix($0)) }
    }

    /// X.690 written the plain way.
    private static func referenceDER(_ r: [UInt8], _ s: [UInt8]) -> [UInt8] {
        func integer(_ value: [UInt8]) -> [UInt8] {
            var bytes = [UInt8](value.drop { $0 == 0 })
            if bytes.first.map({ $0 >= 0x80 }) ?? true {
                bytes.insert(0, at: 0)
            }
            return [0x02, UInt8(bytes.count)] + bytes
        }
        let content = integer(r) + integer(s)
        return [0x30] + (content.count < 0x80 ? [] : [0x81]) + [UInt8(content.count)] + content
    }
}
