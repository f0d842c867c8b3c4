import Synchronization

/// How a client's connections are, readable from any thread.
final class RedisStatus: Sendable {
    private let ready = Atomic<Int>(0)
    private let losses = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)

    /// How many connections are ready.
    var readyCount: Int { ready.load(ordering: .relaxed) }

    /// How often a ready connection was lost.
    var lossCount: Int { losses.load(ordering: .relaxed) }

    /// Whether the client has been shut down.
    var isStopped: Bool { stopped.load(ordering: .acquiring) }

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
