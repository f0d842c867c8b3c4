import Credentials
import Testing

@Suite("Hashes of machine secrets")
struct SecretHasherTests {
    let hasher: SecretHasher
    let other: SecretHasher

    init() throws {
        hasher = try SecretHasher(pepper: Array(repeating: 7, count: 32))
        other = try SecretHasher(pepper: Array(repeating: 8, count: 32))
    }

    @Test("a hash belongs to one secret, one identifier, one purpose and one pepper")
    func binding() throws {
        let secret = Array("secret".utf8)
        let hash = try hasher.hash(secret, of: "id", for: .client)
        #expect(try hasher.verify(secret, of: "id", for: .client, against: hash))
        #expect(try !hasher.verify(Array("secreT".utf8), of: "id", for: .client, against: hash))
        #expect(try !hasher.verify(secret, of: "ie", for: .client, against: hash))
        #expect(try !hasher.verify(secret, of: "id", for: .apiKey, against: hash))
        #expect(try !other.verify(secret, of: "id", for: .client, against: hash))
        // What ends one part must not begin the next.
        #expect(
            try hasher.hash(Array("bc".utf8), of: "a", for: .client)
                != hasher.hash(Array("c".utf8), of: "ab", for: .client))
    }

    @Test("the stored form is HMAC-SHA256, as other programs compute it")
    func vector() throws {
        let hash = try hasher.hash(Array("secret".utf8), of: "id", for: .client)
        #expect(hash.storedForm == "xjCGnlVqAQVuLsnAQxVEQzgUanNY06QFa0E8Kd5Uqc8")
        #expect(try SecretHash(hash.storedForm) == hash)
    }

    @Test("a short pepper is refused")
    func shortPepper() {
        #expect(throws: CredentialError(.hashingFailed)) { try SecretHasher(pepper: Array(repeating: 1, count: 31)) }
    }

    @Test("neither print nor dump shows a hash")
    func secrecy() throws {
        let hash = try hasher.hash(Array("secret".utf8), of: "id", for: .client)
        var dumped = ""
        dump(hash, to: &dumped)
        #expect(!"\(hash) \(dumped)".contains(hash.storedForm.prefix(8)))
    }

    @Test(
        "stored forms that this program does not write are refused",
        arguments: [
            "", "x", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
            String(repeating: "_", count: 43),
        ])
    func malformed(text: String) {
        #expect(throws: CredentialError(.invalidSecretHash)) { try SecretHash(text) }
    }
}
