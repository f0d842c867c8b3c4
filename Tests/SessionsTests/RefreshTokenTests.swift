import JOSE
import Testing

@testable import Sessions

@Suite("Refresh tokens")
struct RefreshTokenTests {
    private let sealer: RefreshTokenSealer
    private let token = RefreshToken(sessionID: "00112233445566778899aabbccddeeff", generation: 258)

    init() throws {
        sealer = try RefreshTokenSealer(key: [UInt8](repeating: 7, count: 32), issuer: "https://auth.example")
    }

    @Test("one is opened to what was sealed, and sealing again gives the same")
    func roundTrip() throws {
        let text = try sealer.seal(token)
        #expect(text.hasPrefix("rt_"))
        #expect(try sealer.open(text) == token)
        #expect(try sealer.seal(token) == text)
        for generation: UInt32 in [0, 1, .max] {
            let other = RefreshToken(sessionID: token.sessionID, generation: generation)
            #expect(try sealer.open(sealer.seal(other)) == other)
        }
    }

    @Test("every bit of it counts")
    func everyBit() throws {
        let bytes = try #require(Base64URL.decode(String(try sealer.seal(token).dropFirst(3))))
        for index in bytes.indices {
            for bit in 0..<8 {
                var altered = bytes
                altered[index] ^= 1 << UInt8(bit)
                let expected: SessionError.Grant = index == 0 ? .malformed : .forged
                #expect(throws: expected) { try sealer.open("rt_" + Base64URL.encode(altered)) }
            }
        }
    }

    @Test("every character of it counts")
    func everyCharacter() throws {
        let text = Array(try sealer.seal(token).utf8)
        for index in text.indices {
            for replacement in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "="), 0x20, 0x00]
            where replacement != text[index] {
                var altered = text
                altered[index] = replacement
                #expect(throws: SessionError.Grant.self) { try sealer.open(String(decoding: altered, as: UTF8.self)) }
            }
        }
    }

    @Test("a token cut short or made longer is malformed")
    func lengths() throws {
        let text = try sealer.seal(token)
        for count in 0..<text.count {
            #expect(throws: SessionError.Grant.malformed) { try sealer.open(String(text.prefix(count))) }
        }
        for tail in ["A", "=", " ", "\n", text] {
            #expect(throws: SessionError.Grant.malformed) { try sealer.open(text + tail) }
        }
    }

    @Test("bits of the last character that say nothing must be zero")
    func canonical() throws {
        let text = try sealer.seal(token)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(text.last)
        for other in alphabet where other != last {
            #expect(throws: SessionError.Grant.self) { try sealer.open(text.dropLast() + String(other)) }
        }
    }

    @Test("another key's or another issuer's is forged")
    func foreign() throws {
        let text = try sealer.seal(token)
        let key = try RefreshTokenSealer(key: [UInt8](repeating: 8, count: 32), issuer: "https://auth.example")
        let issuer = try RefreshTokenSealer(key: [UInt8](repeating: 7, count: 32), issuer: "https://auth.example2")
        #expect(throws: SessionError.Grant.forged) { try key.open(text) }
        #expect(throws: SessionError.Grant.forged) { try issuer.open(text) }
    }

    @Test("a change of keys keeps old tokens good, and repeats them as they were given out")
    func keyChange() throws {
        let (old, new) = ([UInt8](repeating: 7, count: 32), [UInt8](repeating: 8, count: 32))
        let keys = try RefreshKeys([
            .init(id: RefreshKeyID(of: old), secret: old, activatesSeconds: 100),
            .init(id: RefreshKeyID(of: new), secret: new, activatesSeconds: 200),
        ])
        let both = try RefreshTokenSealer(keys: keys, issuer: "https://auth.example")
        let before = try both.seal(token, givenOutAtMilliseconds: 199_999)
        let after = try both.seal(token, givenOutAtMilliseconds: 200_000)
        #expect(before == (try sealer.seal(token)))
        #expect(before != after)
        #expect(try both.open(before) == token && both.open(after) == token)
        #expect(throws: SessionError.Grant.forged) { try sealer.open(after) }
    }

    @Test("a key of another length is refused", arguments: [0, 16, 31, 33])
    func keyLength(count: Int) {
        #expect(throws: SessionError.signingFailed) {
            _ = try RefreshTokenSealer(key: [UInt8](repeating: 1, count: count), issuer: "i")
        }
    }
}

@Suite("Scopes")
struct ScopeTests {
    @Test("tokens are kept in order, each once")
    func accepted() {
        #expect(Scope("")?.tokens == [])
        #expect(Scope("b a b")?.text == "b a")
        #expect(Scope("a:read !#[]~")?.tokens == ["a:read", "!#[]~"])
    }

    @Test("malformed scopes are refused", arguments: [" ", "a  b", " a", "a ", "a\tb", "a\"", "a\\", "é", "a\u{7F}"])
    func refused(text: String) {
        #expect(Scope(text) == nil)
    }

    @Test("a scope too long is refused")
    func bounded() {
        #expect(Scope(String(repeating: "a", count: 4096)) != nil)
        #expect(Scope(String(repeating: "a", count: 4097)) == nil)
    }
}
