import Synchronization

/// What clients saw of a gateway, or of several, for ``HistoryChecker``.
final class History: Sendable {
    /// How a revocation went.
    enum Outcome: Sendable {
        case done
        /// It may take effect at any time, or never.
        case unknown
    }

    /// One thing that a client did; times in nanoseconds of one clock.
    enum Operation: Sendable {
        case issue(token: String)
        case revoke(token: String, invoked: Int64, returned: Int64, outcome: Outcome)
        case check(token: String, gateway: Int, invoked: Int64, returned: Int64, status: Int)
        case refresh(presented: String, successor: String?, invoked: Int64, returned: Int64)
    }

    private let recorded = Mutex<[Operation]>([])

    var operations: [Operation] { recorded.withLock { $0 } }

    func add(_ operation: Operation) {
        recorded.withLock { $0.append(operation) }
    }

    static var now: Int64 {
        let elapsed = ContinuousClock.now - origin
        return elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000
    }

    private static let origin = ContinuousClock.now
}
