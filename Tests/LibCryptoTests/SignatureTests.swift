import LibCrypto
import Testing

@Suite("Signatures of every scheme")
struct SignatureTests {
    @Test("what is signed verifies, with one verifier over and over", arguments: SignatureScheme.all)
    func roundTrip(scheme: SignatureScheme) throws {
        let key = try TestKeys.key(for: scheme)
        let signer = try Signer(key: key, scheme: scheme)
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: scheme)
        for length in [0, 1, 63, 64, 65, 600, 70_000] {
            let message = [UInt8](repeating: UInt8(length & 0xff), count: length)
            let signature = try signer.sign(message)
            #expect(verifier.isValid(signature, message))
            #expect(!verifier.isValid(signature, message + [0]))
            #expect(verifier.isValid(signature, message))
        }
    }

    @Test("a changed byte anywhere in the signature is refused", arguments: SignatureScheme.all)
    func tamperedSignature(scheme: SignatureScheme) throws {
        let (verifier, signature, message) = try signed(scheme)
        for index in signature.indices {
            for mask in [0x01, 0x80] as [UInt8] {
                var changed = signature
                changed[index] ^= mask
                #expect(!verifier.isValid(changed, message), "byte \(index)")
            }
        }
        #expect(verifier.isValid(signature, message))
    }

    @Test("a changed byte anywhere in the message is refused", arguments: SignatureScheme.all)
    func tamperedMessage(scheme: SignatureScheme) throws {
        let (verifier, signature, message) = try signed(scheme)
        for index in message.indices {
            var changed = message
            changed[index] ^= 0x20
            #expect(!verifier.isValid(signature, changed), "byte \(index)")
        }
        #expect(verifier.isValid(signature, message))
    }

    @Test("a signature of any other length is refused", arguments: SignatureScheme.all)
    func wrongLength(scheme: SignatureScheme) throws {
        let (verifier, signature, message) = try signed(scheme)
        for length in 0..<signature.count {
            #expect(!verifier.isValid([UInt8](signature.prefix(length)), message))
        }
        #expect(!verifier.isValid(signature + [0], message))
        #expect(!verifier.isValid([0] + signature, message))
        #expect(!verifier.isValid([UInt8](repeating: 0, count: 100_000), message))
        #expect(verifier.isValid(signature, message))
    }

    @Test("signatures of all zeros and all ones are refused", arguments: SignatureScheme.all)
    func degenerateSignatures(scheme: SignatureScheme) throws {
        let (verifier, signature, message) = try signed(scheme)
        #expect(!verifier.isValid([UInt8](repeating: 0x00, count: signature.count), message))
        #expect(!verifier.isValid([UInt8](repeating: 0xff, count: signature.count), message))
    }

    @Test("another key's signature is refused", arguments: SignatureScheme.all)
    func otherKey(scheme: SignatureScheme) throws {
        let (verifier, _, message) = try signed(scheme)
        let kind: KeyKind =
            switch scheme {
            case .rsaPKCS1, .rsaPSS: .rsa(bits: 2048)
            case .ecdsa(let curve, _): .elliptic(curve)
            case .ed25519: .ed25519
            }
        let other = try Signer(key: .generate(kind), scheme: scheme).sign(message)
        #expect(!verifier.isValid(other, message))
    }

    @Test("one scheme's signature is refused under another scheme of the same key", arguments: SignatureScheme.all)
    func otherScheme(scheme: SignatureScheme) throws {
        let key = try TestKeys.key(for: scheme)
        let message = [UInt8]("which scheme?".utf8)
        let signature = try Signer(key: key, scheme: scheme).sign(message)
        let others = SignatureScheme.all + [.ecdsa(.p256, .sha512), .ecdsa(.p384, .sha256), .ecdsa(.p521, .sha256)]
        for other in others where other != scheme {
            guard let verifier = try? SignatureVerifier(key: key.publicKey, scheme: other) else { continue }
            #expect(!verifier.isValid(signature, message), "\(other)")
        }
    }

    @Test("a key of another type or curve does not fit", arguments: SignatureScheme.all)
    func wrongKeyType(scheme: SignatureScheme) throws {
        let key = try TestKeys.key(for: scheme)
        var fitting = 0
        for other in SignatureScheme.all {
            do {
                _ = try Signer(key: key, scheme: other)
                _ = try SignatureVerifier(key: key.publicKey, scheme: other)
                fitting += 1
            } catch {
                #expect(error.code == .keyDoesNotFitScheme)
                let error = #expect(throws: CryptoError.self) {
                    try SignatureVerifier(key: key.publicKey, scheme: other)
                }
                #expect(error?.code == .keyDoesNotFitScheme)
            }
        }
        let isRSA = if case .rsa = key.publicKey.parameters { true } else { false }
        #expect(fitting == (isRSA ? 6 : 1))
    }

    @Test("verifier and signer keep their key alive", arguments: SignatureScheme.all)
    func lifetime(scheme: SignatureScheme) throws {
        func make() throws -> (Signer, SignatureVerifier) {
            let kind: KeyKind =
                switch scheme {
                case .rsaPKCS1, .rsaPSS: .rsa(bits: 2048)
                case .ecdsa(let curve, _): .elliptic(curve)
                case .ed25519: .ed25519
                }
            let key = try PrivateKey.generate(kind)
            return (try Signer(key: key, scheme: scheme), try SignatureVerifier(key: key.publicKey, scheme: scheme))
        }
        let (signer, verifier) = try make()
        #expect(try verifier.isValid(signer.sign([1, 2, 3]), [1, 2, 3]))
    }

    private func signed(_ scheme: SignatureScheme) throws -> (SignatureVerifier, [UInt8], [UInt8]) {
        let key = try TestKeys.key(for: scheme)
        let message = [UInt8]("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9".utf8)
        let signature = try Signer(key: key, scheme: scheme).sign(message)
        return (try SignatureVerifier(key: key.publicKey, scheme: scheme), signature, message)
    }
}
