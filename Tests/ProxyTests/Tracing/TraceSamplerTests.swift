import TestSupport
import Testing

@testable import Proxy

@Suite("Which requests are traced")
struct TraceSamplerTests {
    private let sampled: TraceParent
    private let unsampled: TraceParent

    init() {
        var generator = TestSupport.SeededGenerator(seed: 7)
        let (trace, span) = (TraceID(random: &generator), SpanID(random: &generator))
        sampled = TraceParent(traceID: trace, spanID: span, isSampled: true)
        unsampled = TraceParent(traceID: trace, spanID: span, isSampled: false)
    }

    @Test("a trusted proxy decides, whatever the ratio", arguments: [0, 0.5, 1])
    func trusted(ratio: Double) {
        let sampler = TraceSampler(ratio: ratio)
        for chance in [UInt64.min, 1, .max / 2, .max] {
            #expect(sampler.decide(sampled, isTrusted: true, chance: chance) == .joined(sampled))
            #expect(sampler.decide(unsampled, isTrusted: true, chance: chance) == .untraced)
        }
    }

    @Test("of anybody else the flag says nothing: the lot decides, and the trace goes on")
    func untrusted() {
        for parent in [sampled, unsampled] {
            for chance in [UInt64.min, .max] {
                #expect(TraceSampler(ratio: 0).decide(parent, isTrusted: false, chance: chance) == .untraced)
                #expect(TraceSampler(ratio: 1).decide(parent, isTrusted: false, chance: chance) == .joined(parent))
            }
            let half = TraceSampler(ratio: 0.5)
            #expect(half.decide(parent, isTrusted: false, chance: .max / 2) == .joined(parent))
            #expect(half.decide(parent, isTrusted: false, chance: .max / 2 + 1) == .untraced)
        }
    }

    @Test("who comes without a place in a trace begins one, or not, by lot", arguments: [true, false])
    func without(isTrusted: Bool) {
        for chance in [UInt64.min, .max] {
            #expect(TraceSampler(ratio: 0).decide(nil, isTrusted: isTrusted, chance: chance) == .untraced)
            #expect(TraceSampler(ratio: 1).decide(nil, isTrusted: isTrusted, chance: chance) == .begun)
        }
        let least = TraceSampler(ratio: 0x1p-64)
        #expect(least.decide(nil, isTrusted: isTrusted, chance: 0) == .begun)
        #expect(least.decide(nil, isTrusted: isTrusted, chance: 1) == .untraced)
        let most = TraceSampler(ratio: 1.0.nextDown)
        #expect(most.decide(nil, isTrusted: isTrusted, chance: .max) == .untraced)
        #expect(most.decide(nil, isTrusted: isTrusted, chance: .max - 1 << 12) == .begun)
    }

    @Test("the lot falls as often as the ratio says")
    func frequency() {
        var generator = TestSupport.SeededGenerator.announced("trace sampling")
        let sampler = TraceSampler(ratio: 0.01)
        let chosen = (0..<100_000).count { _ in
            sampler.decide(nil, isTrusted: false, chance: generator.next()) == .begun
        }
        // Six standard deviations.
        #expect((800...1_200).contains(chosen), "\(chosen)")
    }
}
