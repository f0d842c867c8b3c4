import Credentials
import Testing

@Suite("Parsing of password hashes")
struct PasswordHashParserTests {
    static let salt = "AAECAwQFBgcICQoLDA0ODw"
    static let hash = "ZwXboEbK+6uo3pibyojgA4zgNULQwM2WqPlWpy+G7mc"

    static func scrypt(_ parameters: String, salt: String = Self.salt, hash: String = Self.hash) -> String {
        "$scrypt$\(parameters)$\(salt)$\(hash)"
    }

    static let malformed =
        [
            "", "$", "$$$$", "scrypt", "password",
            "scrypt$ln=15,r=8,p=3$\(salt)$\(hash)", "$Scrypt$ln=15,r=8,p=3$\(salt)$\(hash)",
            "$scrypt2$ln=15,r=8,p=3$\(salt)$\(hash)", "$argon2id$v=19$m=65536,t=3,p=4$\(salt)$\(hash)",
            "$1$saltsalt$qjXMvbEw8oaL.CzflDugL/", "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn",
            " \(Samples.scrypt)", "\(Samples.scrypt) ", "\(Samples.scrypt)\n", "\(Samples.scrypt)\0",
            "\(Samples.scrypt)$", "$scrypt$ln=15,r=8,p=3$\(salt)", "$scrypt$v=1$ln=15,r=8,p=3$\(salt)$\(hash)",
        ]
        // The parameters: missing, swapped, doubled, signed, padded, not numbers.
        + [
            "", "ln=15", "ln=15,r=8", "ln=15,r=8,p=3,", ",ln=15,r=8,p=3", "ln=15,r=8,p=3,q=1", "r=8,ln=15,p=3",
            "ln=15,ln=15,r=8,p=3", "LN=15,r=8,p=3", "n=15,r=8,p=3", "ln=015,r=8,p=3", "ln=15,r=08,p=3",
            "ln=15,r=8,p=03", "ln=+15,r=8,p=3", "ln=-1,r=8,p=3", "ln= 15,r=8,p=3", "ln=15, r=8,p=3", "ln=,r=8,p=3",
            "ln=15,r=,p=3", "ln=15,r=8,p=", "ln=1a,r=8,p=3", "ln=0x5,r=8,p=3", "ln=１,r=8,p=3", "ln=1.5,r=8,p=3",
            "ln=15;r=8;p=3",
        ].map { scrypt($0) }
        // The parameters: zero, too large, more than any integer, too costly together.
        + [
            "ln=0,r=8,p=3", "ln=15,r=0,p=3", "ln=15,r=8,p=0", "ln=21,r=1,p=1", "ln=64,r=8,p=1", "ln=63,r=8,p=1",
            "ln=99,r=99,p=99", "ln=4,r=33,p=1", "ln=4,r=8,p=65", "ln=16,r=1,p=1", "ln=20,r=8,p=1", "ln=18,r=8,p=1",
            "ln=17,r=9,p=1", "ln=17,r=8,p=3", "ln=10,r=32,p=65", "ln=100,r=8,p=1", "ln=15,r=100,p=1",
            "ln=15,r=8,p=100", "ln=18446744073709551631,r=8,p=3", "ln=15,r=9223372036854775808,p=3",
            "ln=15,r=8,p=340282366920938463463374607431768211456",
        ].map { scrypt($0) }
        // The salt: missing, short, long, padded, another alphabet, unused bits, a lone character.
        + [
            "", "AAEC", String(repeating: "A", count: 87), "AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0OD-",
            "AAECAwQFBgcICQoLDA0OD_", "AAECAwQFBgcICQoLDA0ODx", "AAECAwQFBgcICQoLDA0ODwAAA", "AAEC AwQF", "AAECÄwQF",
        ].map { scrypt("ln=15,r=8,p=3", salt: $0) }
        // The hash: the same.
        + [
            "", "ZwXboEbK+6uo3pibyojg", String(repeating: "A", count: 87), "\(hash)=", "\(hash.dropLast())d",
            "ZwXboEbK-6uo3pibyojgA4zgNULQwM2WqPlWpy-G7mc", "\(hash.dropLast(2))", "\(hash)\(hash)\(hash)\(hash)\(hash)",
        ].map { scrypt("ln=15,r=8,p=3", hash: $0) }

    @Test("a malformed or too costly scrypt hash is refused", arguments: malformed)
    func malformedScrypt(text: String) {
        #expect(throws: CredentialError(.invalidPasswordHash)) { try PasswordHash(text) }
    }

    @Test("the bounds themselves are accepted", arguments: ["ln=17,r=8,p=1", "ln=17,r=8,p=2", "ln=15,r=1,p=64"])
    func bounds(parameters: String) throws {
        #expect(try PasswordHash(Self.scrypt(parameters)).storedForm == Self.scrypt(parameters))
    }

    @Test(
        "a malformed or too costly bcrypt hash is refused",
        arguments: [
            "$2$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2x$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2B$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$03$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$15$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$31$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$99$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$4$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEmA",
            "$2b$0a$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$04.cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SP026BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEn",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD+TXg5uZV.0P.uO8m3YEm",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YE",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEmm",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YE\u{0}",
            "$2b$04$cVWp4XaNU8a4v1uMRum2SÖ26BWLIoQMD/TXg5uZV.0P.uO8m3YEm",
            "$2b$04$", "$2b", "$2",
        ])
    func malformedBcrypt(text: String) {
        #expect(throws: CredentialError(.invalidPasswordHash)) { try PasswordHash(text) }
    }

    @Test("a hash cut off anywhere is refused", arguments: [Samples.scrypt, Samples.bcrypt])
    func truncated(text: String) throws {
        for length in 0..<text.count {
            let cut = String(text.prefix(length))
            // A scrypt hash that lost whole bytes of its hash is a shorter hash, and well-formed.
            guard let accepted = try? PasswordHash(cut) else { continue }
            #expect(accepted.storedForm == cut)
            #expect(try !PasswordHasher(cost: .cheap).needsRehash(accepted) == false)
            #expect(cut.hasPrefix("$scrypt$ln=15,r=8,p=3$AAECAwQFBgcICQoLDA0ODw$ZwXboEbK+6uo3p"))
        }
    }

    @Test("random changes never crash the parser, and what it accepts it writes back the same")
    func mutations() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var generator = SplitMix64(state: seed)
        let alphabet = Array("$,=lnrp0123456789./+-AZaz\u{0}\u{7F}é".unicodeScalars)
        for _ in 0..<20_000 {
            var scalars = Array((Bool.random(using: &generator) ? Samples.scrypt : Samples.bcrypt).unicodeScalars)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<scalars.count, using: &generator)
                scalars[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            if let hash = try? PasswordHash(String(text)) {
                #expect(hash.storedForm == String(text), "seed \(seed)")
            }
        }
    }
}
