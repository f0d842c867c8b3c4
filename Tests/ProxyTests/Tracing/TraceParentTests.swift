import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension TraceParent {
    /// A good one, that says that the trace is recorded.
    static let example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
}

@Suite("traceparent, by W3C Trace Context")
struct TraceParentTests {
    private func parse(_ bytes: [UInt8]) -> TraceParent? {
        bytes.withUnsafeBytes { TraceParent($0) }
    }

    private func parse(_ text: String) -> TraceParent? { parse(Array(text.utf8)) }

    /// The format, said another way.
    private func isValid(_ bytes: [UInt8]) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "-"), maxSplits: 4, omittingEmptySubsequences: false)
        let digits = Set("0123456789abcdef".utf8)
        guard parts.prefix(4).map(\.count) == [2, 32, 16, 2], parts.prefix(4).joined().allSatisfy(digits.contains)
        else { return false }
        let version = String(decoding: parts[0], as: UTF8.self)
        return version != "ff" && (version != "00" || parts.count == 4)
            && parts[1...2].allSatisfy { $0.contains { $0 != UInt8(ascii: "0") } }
    }

    @Test("a good one is read and written back")
    func good() throws {
        let parent = try #require(parse(TraceParent.example))
        #expect(parent.traceID == TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c))
        #expect(parent.spanID == SpanID(bits: 0xb7ad_6b71_6920_3331))
        #expect(parent.isSampled)
        #expect(parent.text == TraceParent.example)
        let unsampled = TraceParent.example.dropLast(2) + "00"
        #expect(parse(String(unsampled))?.text == String(unsampled))
    }

    @Test("of the flags only the first counts, and only that is passed on", arguments: 0...255)
    func flags(flags: Int) {
        let digits = String(flags, radix: 16)
        let text = TraceParent.example.dropLast(2) + (digits.count < 2 ? "0" : "") + digits
        let parent = parse(String(text))
        #expect(parent?.isSampled == (flags & 1 == 1))
        #expect(parent?.text.hasSuffix(flags & 1 == 1 ? "-01" : "-00") == true)
    }

    @Test("half of an identifier may be zero, a whole one not")
    func zeros() {
        #expect(parse("00-00000000000000000000000000000001-0000000000000001-00") != nil)
        #expect(parse("00-10000000000000000000000000000000-1000000000000000-00") != nil)
        #expect(parse("00-00000000000000000000000000000000-0000000000000001-00") == nil)
        #expect(parse("00-00000000000000000000000000000001-0000000000000000-00") == nil)
    }

    @Test("higher versions may be longer, and are passed on as version 00")
    func versions() {
        let rest = TraceParent.example.dropFirst(2)
        for version in ["01", "42", "cc", "fe"] {
            #expect(parse(version + rest)?.text == TraceParent.example)
            #expect(parse(version + rest + "-what-the-future-will-be-like")?.text == TraceParent.example)
            #expect(parse(version + rest + "-")?.text == TraceParent.example)
            #expect(parse(version + rest + ".x") == nil)
            #expect(parse(version + rest + "0") == nil)
        }
        #expect(parse("ff" + rest) == nil)
        #expect(parse("ff" + rest + "-x") == nil)
        #expect(parse("00" + rest + "-x") == nil)
    }

    @Test(
        "what is malformed is none",
        arguments: [
            "", "00", "00-", " \(TraceParent.example)", "\(TraceParent.example) ", TraceParent.example.uppercased(),
            String(TraceParent.example.dropLast()), "0\(TraceParent.example)",
            TraceParent.example.replacing("-", with: "_"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", "\(TraceParent.example),\(TraceParent.example)",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01", "0x-0af7651916cd43dd8448eb211c80319c-b7-01",
        ])
    func malformed(text: String) {
        #expect(parse(text) == nil)
    }

    @Test("each prefix, and each single byte exchanged for any other, is judged as the format says")
    func mutations() {
        for text in [
            TraceParent.example, "01" + TraceParent.example.dropFirst(2),
            "7f" + TraceParent.example.dropFirst(2) + "-more",
        ] {
            let bytes = Array(text.utf8)
            for count in 0...bytes.count {
                let prefix = Array(bytes.prefix(count))
                #expect((parse(prefix) != nil) == isValid(prefix))
            }
            for index in bytes.indices {
                for byte in UInt8.min...UInt8.max {
                    var mutant = bytes
                    mutant[index] = byte
                    // What a later version adds may be anything that a field may hold.
                    let isBeyond = index > 55
                    guard (parse(mutant) != nil) != (isBeyond || isValid(mutant)) else { continue }
                    Issue.record("byte \(byte) at \(index) of \(text)")
                }
            }
        }
    }

    @Test("random bytes are judged as the format says, and what is written is read back")
    func random() {
        var generator = TestSupport.SeededGenerator.announced("traceparent")
        let alphabet = Array("0123456789abcdef-0123456789abcdefAFg \u{7f}".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<generator.below(70)).map { _ in alphabet[generator.below(alphabet.count)] }
            #expect((parse(bytes) != nil) == isValid(bytes))
        }
        for _ in 0..<1_000 {
            let parent = TraceParent(
                traceID: TraceID(random: &generator), spanID: SpanID(random: &generator),
                isSampled: generator.below(2) == 0)
            #expect(isValid(Array(parent.text.utf8)))
            #expect(parse(parent.text) == parent)
        }
    }
}
