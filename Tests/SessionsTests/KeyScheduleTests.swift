import TestSupport
import Testing

@testable import Sessions

@Suite("When keys do what")
struct KeyScheduleTests {
    /// A key as somebody would follow it with paper and pencil.
    private struct Rules {
        let activations: [Int64?]
        let retention: Int64

        /// Who signs: the last one whose time has come.
        func signer(at now: Int64) -> Int? {
            var best: (activates: Int64, index: Int)?
            for (index, activates) in activations.enumerated() {
                guard let activates, activates <= now else { continue }
                if let known = best, known.activates > activates { continue }
                best = (activates, index)
            }
            return best?.index
        }

        /// The last instant before or at `now` at which a key signed; looked for second by second.
        func lastSigned(_ index: Int, until now: Int64) -> Int64? {
            stride(from: now, through: 0, by: -1).first { signer(at: $0) == index }
        }
    }

    @Test("random schedules: one key signs, all know it before, and it verifies as long as it can matter")
    func random() throws {
        var generator = SeededGenerator.announced("key schedules")
        for _ in 0..<300 {
            let retention = Int64.random(in: 1...30, using: &generator)
            let activations: [Int64?] = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                Int.random(in: 0..<5, using: &generator) == 0 ? nil : Int64.random(in: 0...60, using: &generator)
            }
            let schedule = KeySchedule(activations: activations, retentionSeconds: retention)
            let rules = Rules(activations: activations, retention: retention)
            var last: KeySchedule.Standing?
            for now: Int64 in 0...120 {
                let standing = try #require(schedule.standing(atSeconds: now))
                let all = [standing.current] + standing.next + standing.previous + standing.expired
                #expect(all.sorted() == Array(activations.indices), "each key is in one place")
                if let signer = rules.signer(at: now) { #expect(standing.current == signer) }
                for index in activations.indices where index != standing.current {
                    guard let signed = rules.lastSigned(index, until: now) else { continue }
                    // What it signed last, one second before the other took over, is accepted for the retention.
                    #expect(
                        standing.previous.contains(index) == (now < signed + 1 + retention), "\(activations) \(now)")
                }
                if let last, last.nextChangeSeconds ?? .max > now {
                    #expect(last.current == standing.current && last.previous == standing.previous)
                }
                // Whoever signs a second later is published now.
                let soon = try #require(schedule.standing(atSeconds: now + 1))
                #expect(([standing.current] + standing.next + standing.previous).contains(soon.current))
                last = standing
            }
        }
    }

    @Test("a clock before the first activation signs with the first key")
    func lateClock() {
        let schedule = KeySchedule(activations: [100, 50], retentionSeconds: 10)
        #expect(schedule.standing(atSeconds: 0)?.current == 1)
        #expect(KeySchedule(activations: [], retentionSeconds: 1).standing(atSeconds: 0) == nil)
    }
}
