import NIOCore
import Synchronization

/// The deny-list in memory with what is known of its age: one for the process.
///
/// The tail of the stream keeps it up; every event loop reads it.
package final class RevocationMirror: Sendable {
    /// Everything known to be revoked.
    package let index: RevocationIndex
    /// How old what is known may be for the mirror to answer.
    package let stalenessNanoseconds: Int64
    /// When the last round began that was read to its end; 0 without one.
    private let completeSince = Atomic<Int64>(0)
    /// The mark of the epoch of a Redis that holds what this node and the others know; none before the first contact.
    private let trustedEpoch = Atomic<UInt64>(EpochMark.none)
    /// How often Redis was found to have lost something.
    private let losses = Atomic<UInt64>(0)
    /// The epoch last seen.
    private let seenEpoch = Mutex<String?>(nil)
    private let listeners = Mutex<[@Sendable () -> Void]>([])

    /// - Parameters:
    ///   - index: where revocations are kept.
    ///   - stalenessMilliseconds: `mirror_staleness`.
    package init(index: RevocationIndex = RevocationIndex(), stalenessMilliseconds: Int64) {
        self.index = index
        stalenessNanoseconds = stalenessMilliseconds * 1_000_000
    }

    /// How old what is known is, in nanoseconds; `nil` when it is not known to be whole.
    /// - Parameter now: ``now``, or a reading of the same clock.
    /// - Returns: the age.
    package func age(now: Int64 = RevocationMirror.now) -> Int64? {
        let since = completeSince.load(ordering: .acquiring)
        return since == 0 ? nil : max(0, now - since)
    }

    /// Whether what is not found here is not revoked, as far as the promised staleness goes.
    package func isFresh(now: Int64 = RevocationMirror.now) -> Bool {
        let since = completeSince.load(ordering: .acquiring)
        return since != 0 && now - since < stalenessNanoseconds
    }

    /// The mark of the `epoch` under which what Redis does not hold is not revoked; ``EpochMark/none`` when there is none.
    ///
    /// It must be read before Redis is asked: a Redis that had lost its data may be filled while the answer is under way.
    package var trustedMark: UInt64 { trustedEpoch.load(ordering: .acquiring) }

    /// Whether Redis may be believed when it does not hold something.
    package var isTrusting: Bool { trustedMark != EpochMark.none }

    /// Takes a Redis for whole that has this epoch, and no other; `nil` for none.
    package func trust(epoch: String?) {
        trustedEpoch.store(epoch.map { EpochMark.of($0) } ?? EpochMark.none, ordering: .releasing)
    }

    /// Nanoseconds of a clock that never goes back.
    package static var now: Int64 { Int64(clamping: NIODeadline.now().uptimeNanoseconds) }

    /// Adds a listener that is called, on whatever thread, after revocations have come in.
    package func addListener(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.append(listener) }
    }

    /// How often Redis was found to have lost something; whoever writes compares it before and after.
    var lossCount: UInt64 { losses.load(ordering: .sequentiallyConsistent) }

    /// The epoch of the Redis that the stream was last read from.
    var epoch: String? { seenEpoch.withLock { $0 } }

    /// The epoch that Redis has.
    ///
    /// A loss is counted first: who reads the new epoch and wrote under the old one finds that out.
    func see(epoch: String) {
        seenEpoch.withLock {
            if let known = $0, known != epoch { countLoss() }
            $0 = epoch
        }
    }

    /// Redis has lost something.
    ///
    /// Before what is known is written again: what comes in later may not be among it.
    func countLoss() {
        losses.add(1, ordering: .sequentiallyConsistent)
    }

    func setComplete(since: Int64?) {
        completeSince.store(since ?? 0, ordering: .releasing)
    }

    func tellListeners() {
        for listener in listeners.withLock({ $0 }) { listener() }
    }
}
