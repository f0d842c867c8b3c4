import LibCrypto
import Testing

@Suite("Keys shared by many threads")
struct ConcurrencyTests {
    @Test("one key signs and verifies on many threads at once", arguments: SignatureScheme.all)
    func sharedKey(scheme: SignatureScheme) async throws {
        let key = try TestKeys.key(for: scheme)
        // A public key nobody has used: the first uses race to fill OpenSSL's caches.
        let publicKey = try PublicKey(key.publicKey.parameters)
        let failures = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var failures = 0
                    for round in 0..<8 {
                        let message = [UInt8(worker), UInt8(round)]
                        let signature = try Signer(key: key, scheme: scheme).sign(message)
                        let verifier = try SignatureVerifier(key: publicKey, scheme: scheme)
                        failures += verifier.isValid(signature, message) ? 0 : 1
                        failures += verifier.isValid(signature, [0xff]) ? 1 : 0
                    }
                    return failures
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(failures == 0)
    }
}
