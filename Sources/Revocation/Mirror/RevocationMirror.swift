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

    /// Nanoseconds of a clock that never goes back.
    package static var now: Int64 { Int64(clamping: NIODeadline.now().uptimeNanoseconds) }

    /// Adds a listener that is called, on whatever thread, after revocations have come in.
    package func addListener(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.append(listener) }
    }

    func setComplete(since: Int64?) {
        completeSince.store(since ?? 0, ordering: .releasing)
    }

    func tellListeners() {
        for listener in listeners.withLock({ $0 }) { listener() }
    }
}
