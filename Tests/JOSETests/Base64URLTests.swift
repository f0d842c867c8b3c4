import JOSE
import Testing

@Suite("Base64url")
struct Base64URLTests {
    @Test(
        "the examples of RFC 4648, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func examples(plain: String, encoded: String) {
        #expect(Base64URL.encode([UInt8](plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == [UInt8](plain.utf8))
    }

    @Test("the alphabet is the URL-safe one")
    func alphabet() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
        #expect(Base64URL.decode("-__-") == [0xFB, 0xFF, 0xFE])
    }

    @Test(
        "what is not canonical is refused",
        arguments: [
            "Zg==", "Zm8=", "Zm9v=", "=", "A", "AAAAA", "+__-", "-/_-", "Zm 9v", " Zm9v", "Zm9v\n", "Zm9v\0", "Zm9%",
            "Zm9\u{E9}", "Zh", "Zn", "Zm9", "Zm-", "Z=", "Z===", "Zm.v",
        ])
    func refused(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("of 256 possible last characters only those with zero unused bits are taken")
    func canonicalTails() {
        var accepted = 0
        for byte in UInt8.min...UInt8.max {
            accepted += [UInt8(ascii: "A"), byte].withUnsafeBytes { Base64URL.decode($0) } == nil ? 0 : 1
            accepted += [UInt8(ascii: "A"), 65, byte].withUnsafeBytes { Base64URL.decode($0) } == nil ? 0 : 1
        }
        #expect(accepted == 4 + 16)
    }

    @Test("each text that decodes is the one its octets encode to")
    func bijective() {
        var generator = SeededGenerator()
        let characters = [UInt8]("ABCDwxyz0189-_+/= \n".utf8)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                characters.randomElement(using: &generator) ?? 0
            }
            guard let bytes = text.withUnsafeBytes({ Base64URL.decode($0) }) else { continue }
            #expect([UInt8](Base64URL.encode(bytes).utf8) == text, "seed \(generator.seed)")
        }
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "seed \(generator.seed)")
        }
    }

    @Test("storage that is too small is refused and not overrun")
    func smallStorage() {
        let text = [UInt8]("Zm9vYmFy".utf8)
        var storage = [UInt8](repeating: 0xEE, count: 8)
        let written = storage.withUnsafeMutableBytes { storage in
            text.withUnsafeBytes { Base64URL.decode($0, into: UnsafeMutableRawBufferPointer(rebasing: storage[..<5])) }
        }
        #expect(written == nil)
        #expect(storage == [UInt8](repeating: 0xEE, count: 8))
        let exact = storage.withUnsafeMutableBytes { storage in
            text.withUnsafeBytes { Base64URL.decode($0, into: UnsafeMutableRawBufferPointer(rebasing: storage[..<6])) }
        }
        #expect(exact == 6)
        #expect(storage == [UInt8]("foobar".utf8) + [0xEE, 0xEE])
    }
}
