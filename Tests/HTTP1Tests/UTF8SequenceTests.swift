import TestSupport
import Testing

@testable import HTTP1

@Suite("UTF8Sequence")
struct UTF8SequenceTests {
    private func accepts(_ bytes: [UInt8]) -> Bool {
        var sequence = UTF8Sequence()
        for byte in bytes where !sequence.take(byte) { return false }
        return sequence.isComplete
    }

    @Test("every one and two bytes, as Swift's own validation")
    func oneAndTwoBytes() {
        for first in UInt8.min...UInt8.max {
            #expect(accepts([first]) == (String(validating: [first], as: UTF8.self) != nil))
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                if accepts(bytes) != (String(validating: bytes, as: UTF8.self) != nil) {
                    Issue.record("\(bytes)")
                }
            }
        }
    }

    @Test("every scalar that Swift encodes is accepted")
    func everyScalar() {
        var refused: [UInt32] = []
        for value in UInt32(0)...0x10ffff {
            guard let scalar = UnicodeScalar(value) else { continue }
            var sequence = UTF8Sequence()
            var isValid = true
            for byte in UTF8.encode(scalar) ?? .init() { isValid = sequence.take(byte) && isValid }
            if !isValid || !sequence.isComplete { refused.append(value) }
        }
        #expect(refused.isEmpty)
    }

    /// All valid sequences of three bytes are scalars of Swift's encoder side by side; that many are accepted, and by
    /// the test above each of them is, so no other is.
    @Test("of all three bytes exactly as many are accepted as Swift can encode")
    func threeBytes() {
        var accepted = 0
        for first in UInt8.min...UInt8.max {
            var afterFirst = UTF8Sequence()
            guard afterFirst.take(first) else { continue }
            for second in UInt8.min...UInt8.max {
                var afterSecond = afterFirst
                guard afterSecond.take(second) else { continue }
                for third in UInt8.min...UInt8.max {
                    var afterThird = afterSecond
                    if afterThird.take(third), afterThird.isComplete { accepted += 1 }
                }
            }
        }
        let ofOne = 0x80
        let ofTwo = 0x800 - 0x80
        let ofThree = 0x10000 - 0x800 - 0x800
        #expect(accepted == ofOne * ofOne * ofOne + 2 * ofOne * ofTwo + ofThree)
    }

    @Test("random three and four bytes, as Swift's own validation")
    func randomBytes() {
        var generator = SeededGenerator.announced("UTF-8")
        let leads: [UInt8] = [0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0x61]
        let edges: [UInt8] = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2]
        for _ in 0..<20_000 {
            var bytes = [leads[generator.below(leads.count)]]
            for _ in 0..<(2 + generator.below(2)) { bytes.append(edges[generator.below(edges.count)]) }
            if accepts(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { Issue.record("\(bytes)") }
        }
    }
}
