import Synchronization

/// How a client's connections are, readable from any thread.
final class RedisStatus: Sendable {
    private let ready = Atomic<Int>(0)
    private let losses = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let failure = Mutex<RedisFailure?>(nil)
    private let sources = Mutex<[(endpoint: RedisEndpoint, isReady: Bool)]>([])

    /// How many connections are ready.
    var readyCount: Int { ready.load(ordering: .relaxed) }

    /// How often a ready connection was lost.
    var lossCount: Int { losses.load(ordering: .relaxed) }

    /// Whether the client has been shut down.
    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    /// The sentinels or nodes that are asked for the primary, and whether they can be.
    var sourceStates: [(endpoint: RedisEndpoint, isReady: Bool)] { sources.withLock { $0 } }

    /// Why the last connection that ended, or could not be made, did.
    var lastFailure: RedisFailure? { failure.withLock { $0 } }

    func ended(_ cause: RedisFailure) {
        failure.withLock { $0 = cause }
    }

    func setSources(_ states: [(RedisEndpoint, Bool)]) {
        sources.withLock { $0 = states.map { (endpoint: $0.0, isReady: $0.1) } }
    }

    func becameReady() {
        ready.add(1, ordering: .relaxed)
    }

    func lost() {
        ready.subtract(1, ordering: .relaxed)
        if !isStopped { losses.add(1, ordering: .relaxed) }
    }

    func stop() {
        stopped.store(true, ordering: .releasing)
    }
}
