import Revocation
import Testing

@Suite("Following the stream: what to do next")
struct MirrorTailStateTests {
    private let horizon: Int64 = 900_000
    private let time: Int64 = 1_700_000_000_000

    private func standing(
        _ epoch: String = "e", last: StreamPosition? = nil, deleted: StreamPosition? = nil, has: Bool = true,
        at milliseconds: Int64? = nil
    ) -> StreamStanding {
        StreamStanding(
            milliseconds: milliseconds ?? time, epoch: epoch, last: last ?? position(0), lastDeleted: deleted,
            hasPosition: has)
    }

    private func position(_ offset: Int64) -> StreamPosition {
        StreamPosition(milliseconds: UInt64(time + offset), sequence: 0)
    }

    private func batch(_ last: StreamPosition?, count: Int = 1) -> StreamBatch {
        var batch = StreamBatch()
        batch.last = last
        batch.count = last == nil ? 0 : count
        return batch
    }

    /// A state that has read to the end twice, and so is complete; its last entry is at `position(0)`.
    private func complete() -> MirrorTailState {
        var state = MirrorTailState(horizonMilliseconds: horizon, batchLimit: 10, leaseMilliseconds: 100)
        _ = state.connected(now: 1)
        _ = state.stood(standing(), ownMilliseconds: time, now: 2)
        _ = state.received(batch(position(0)), now: 3)
        _ = state.stood(standing(), ownMilliseconds: time, now: 4)
        _ = state.received(batch(nil), now: 5)
        return state
    }

    private func stood(_ state: inout MirrorTailState, _ standing: StreamStanding) -> MirrorTailState.Action {
        state.stood(standing, ownMilliseconds: time, now: 10)
    }

    @Test("it begins a horizon ago by whichever clock is furthest behind")
    func beginning() {
        for (redis, own) in [(time, time), (time, time - 60_000), (time - 60_000, time)] {
            var state = MirrorTailState(horizonMilliseconds: horizon, batchLimit: 10, leaseMilliseconds: 100)
            _ = state.connected(now: 1)
            guard case .read(let start) = state.stood(standing(at: redis), ownMilliseconds: own, now: 2) else {
                Issue.record("does not read")
                continue
            }
            #expect(start.milliseconds <= UInt64(min(redis, own) - horizon))
        }
    }

    @Test("it counts as complete only after a round that took a lease, and from when that round began")
    func completeness() {
        var state = MirrorTailState(horizonMilliseconds: horizon, batchLimit: 10, leaseMilliseconds: 100)
        _ = state.connected(now: 1)
        _ = stood(&state, standing())
        guard case .stand(let question) = state.received(batch(position(0)), now: 7) else {
            Issue.record("asks nothing")
            return
        }
        #expect(state.completeSince == nil)
        #expect(question.takesLease)
        #expect(question.applied == position(0))
        _ = stood(&state, standing())
        _ = state.received(batch(nil), now: 20)
        #expect(state.completeSince == 7)
    }

    @Test("a full batch is not the end of the stream")
    func fullBatch() {
        var state = MirrorTailState(horizonMilliseconds: horizon, batchLimit: 10, leaseMilliseconds: 100)
        _ = state.connected(now: 1)
        _ = stood(&state, standing())
        guard case .stand(let question) = state.received(batch(position(0), count: 10), now: 3) else {
            Issue.record("asks nothing")
            return
        }
        #expect(!question.takesLease)
    }

    @Test("a reconnect goes on where reading stopped, and loses nothing")
    func reconnect() {
        var state = complete()
        state.lost()
        _ = state.connected(now: 9)
        #expect(stood(&state, standing(last: position(50))) == .read(after: position(0)))
    }

    @Test("another epoch means that everything is lost: it is written again, and nothing is read before")
    func otherEpoch() {
        for epoch in ["f", ""] {
            var state = complete()
            #expect(stood(&state, standing(epoch)) == .restore(.everything(isKnown: true)))
            // What happens to the connection does not make it forget.
            state.lost()
            _ = state.connected(now: 11)
            #expect(stood(&state, standing(epoch)) == .restore(.everything(isKnown: true)))
            _ = state.restored(now: 12)
            #expect(stood(&state, standing(epoch)) == .read(after: .start))
        }
    }

    @Test("a stream that ends before what was read has lost the latest")
    func rolledBack() {
        var state = complete()
        #expect(stood(&state, standing(last: position(-5), has: false)) == .restore(.latest))
    }

    @Test("when the entry read last is gone, entries may have been missed: no trust until they cannot matter")
    func missingPosition() {
        var state = complete()
        #expect(stood(&state, standing(last: position(9), has: false)) == .restore(.latest))
        #expect(state.completeSince == nil)
        #expect(state.takeNotices() == [.gap])
        _ = state.restored(now: 12)
        for (at, isComplete) in [(time + 1000, false), (time + horizon + 1, true)] {
            for _ in 0..<3 {
                _ = stood(&state, standing(last: position(9), at: at))
                _ = state.received(batch(position(9)), now: 13)
            }
            #expect((state.completeSince != nil) == isComplete)
        }
    }

    @Test("what was trimmed because it cannot matter is no gap; what was trimmed too early is one")
    func trimming() {
        var state = complete()
        let later = time + 2 * horizon
        let old = standing(last: position(0), deleted: position(5), has: false, at: later)
        #expect(stood(&state, old) == .read(after: position(0)))
        #expect(state.takeNotices().isEmpty)
        var other = complete()
        _ = stood(&other, standing(last: position(9), deleted: position(5)))
        #expect(other.takeNotices() == [.gap])
        #expect(other.completeSince == nil)
    }

    @Test("an entry that cannot be understood might revoke anything")
    func unintelligible() {
        var state = complete()
        _ = stood(&state, standing())
        var strange = batch(position(1))
        strange.hasUnintelligible = true
        _ = state.received(strange, now: 11)
        #expect(state.completeSince == nil)
    }
}
