package import Logging
import Synchronization

/// Tells the operator when the deny-list cannot be asked, and when it can be again: once for all event loops.
package final class DenyListOutage: Sendable {
    private let loopsWithout = Atomic<Int>(0)
    private let logger: Logger

    /// Makes one for a process.
    package init(logger: Logger) {
        self.logger = logger
    }

    /// Whether some event loop cannot ask.
    package var isOn: Bool { loopsWithout.load(ordering: .relaxed) > 0 }

    /// An event loop finds out that it cannot ask; not told again before ``ended()``.
    package func began() {
        guard loopsWithout.add(1, ordering: .relaxed).oldValue == 0 else { return }
        logger.error("the deny-list cannot be asked, requests are decided by on_unavailable")
    }

    /// An event loop can ask again.
    package func ended() {
        guard loopsWithout.subtract(1, ordering: .relaxed).newValue == 0 else { return }
        logger.notice("the deny-list can be asked again")
    }
}
