import NIOCore
import Synchronization

/// Lets event loops ask for an issuer's keys, at most once in a while, however many tokens make them ask.
final class KeySetDemand: Sendable {
    private let coolDownNanoseconds: Int64
    private let clock: @Sendable () -> Int64
    /// When the next demand is passed on.
    private let openAt = Atomic<Int64>(.min)
    private let isBeingMet = Atomic<Bool>(false)
    private let act: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    /// - Parameters:
    ///   - coolDownMilliseconds: how long after one fetch the next may be demanded.
    ///   - clock: nanoseconds that only grow.
    init(
        coolDownMilliseconds: Int64,
        clock: @escaping @Sendable () -> Int64 = { Int64(clamping: NIODeadline.now().uptimeNanoseconds) }
    ) {
        coolDownNanoseconds = coolDownMilliseconds * 1_000_000
        self.clock = clock
    }

    /// Sets what a demand does; once, before the first.
    func onDemand(_ act: @escaping @Sendable () -> Void) {
        self.act.withLock { $0 = act }
    }

    /// Demands the keys; may be called from any thread, as often as wanted.
    ///
    /// - Returns: whether they are being fetched now.
    func demand() -> Bool {
        if isBeingMet.load(ordering: .acquiring) { return true }
        let now = clock()
        let open = openAt.load(ordering: .relaxed)
        guard now >= open else { return false }
        let (isFirst, _) = openAt.compareExchange(
            expected: open, desired: now + coolDownNanoseconds, ordering: .relaxed)
        guard isFirst else { return isBeingMet.load(ordering: .acquiring) }
        isBeingMet.store(true, ordering: .releasing)
        guard let act = act.withLock({ $0 }) else {
            isBeingMet.store(false, ordering: .releasing)
            return false
        }
        act()
        return true
    }

    /// A fetch begins, whoever wanted it; until its end nobody need demand another.
    func fetchBegan() {
        openAt.store(clock() + coolDownNanoseconds, ordering: .relaxed)
        isBeingMet.store(true, ordering: .releasing)
    }

    /// The fetch is over, and what it brought is in force.
    func fetchEnded() {
        isBeingMet.store(false, ordering: .releasing)
    }
}
