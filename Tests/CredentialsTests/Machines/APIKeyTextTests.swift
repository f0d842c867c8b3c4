import Credentials
import Foundation
import Testing

@Suite("The text of API keys")
struct APIKeyTextTests {
    func parse(_ text: String) -> APIKeyText? { Array(text.utf8).withUnsafeBytes { APIKeyText(parsing: $0) } }

    @Test("a key comes back as it was made, in the form that is written down")
    func roundTrip() throws {
        for _ in 0..<200 {
            let key = try APIKeyText.generate()
            #expect(key.exposed.utf8.count == APIKeyText.byteCount)
            #expect(key.exposed.wholeMatch(of: /pk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}/) != nil)
            #expect(key.exposed.hasPrefix("\(key.id.tokenID)_"))
            #expect(parse(key.exposed)?.exposed == key.exposed)
        }
    }

    @Test("the checksum is CRC-32 in base 62, as other programs compute it")
    func checksum() {
        // Computed with Python's zlib.crc32.
        let body = "pk_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUV"
        #expect(parse(body + "4XtieI") != nil)
    }

    @Test("no changed character, length or alphabet passes")
    func changes() throws {
        let text = try APIKeyText.generate().exposed
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for other in [UInt8(ascii: "0"), UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0, 0x80, 0xFF]
            where other != bytes[index] {
                var changed = bytes
                changed[index] = other
                #expect(changed.withUnsafeBytes { APIKeyText(parsing: $0) } == nil, "byte \(index) as \(other)")
            }
        }
        for count in 0..<bytes.count { #expect(parse(String(text.prefix(count))) == nil) }
        for longer in [text + "0", " " + text, text + " ", text + text] { #expect(parse(longer) == nil) }
        #expect(parse("") == nil)
    }

    @Test("swapped neighbours are noticed")
    func swaps() throws {
        let bytes = Array(try APIKeyText.generate().exposed.utf8)
        for index in 0..<bytes.count - 1 where bytes[index] != bytes[index + 1] {
            var swapped = bytes
            swapped.swapAt(index, index + 1)
            #expect(swapped.withUnsafeBytes { APIKeyText(parsing: $0) } == nil)
        }
    }

    @Test("ten thousand keys are different, and use every character equally often within bounds of chance")
    func randomness() throws {
        var seen: Set<String> = []
        var counts: [Character: Int] = [:]
        for _ in 0..<10_000 {
            let key = try APIKeyText.generate()
            #expect(seen.insert(key.id.text).inserted)
            for character in key.exposed.dropFirst(16).prefix(32) { counts[character, default: 0] += 1 }
        }
        #expect(counts.count == 62)
        // 320,000 / 62 = 5161, with a standard deviation of 71: eight of them never happen.
        #expect(counts.values.allSatisfy { abs($0 - 5161) < 570 })
    }
}
