import CoreMetrics
import Synchronization

/// One counter or gauge.
final class MetricValue: CounterHandler, MeterHandler {
    private let value = Mutex(0.0)

    /// What it stands at.
    var current: Double { value.withLock { $0 } }

    func increment(by amount: Int64) {
        value.withLock { $0 += Double(amount) }
    }

    func reset() {
        value.withLock { $0 = 0 }
    }

    func set(_ new: Int64) {
        set(Double(new))
    }

    func set(_ new: Double) {
        value.withLock { $0 = new }
    }

    func increment(by amount: Double) {
        value.withLock { $0 += amount }
    }

    func decrement(by amount: Double) {
        value.withLock { $0 -= amount }
    }
}
