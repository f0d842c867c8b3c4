import Dispatch
import Synchronization

/// A bounded queue and the threads that empty it: the machinery inside `HashingPool`.
final class WorkQueue: Sendable {
    /// Work that waits for a thread.
    struct Job: Sendable {
        /// Tells it from the others, for cancelling.
        let id: UInt64
        /// Does the work; what it returns tells the waiting task and is called after the thread counts as free.
        let perform: @Sendable () -> (@Sendable () -> Void)
        /// Tells the waiting task that the work will not be done.
        let abandon: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var nextID: UInt64 = 0
        var busyThreadCount = 0
        var liveThreadCount = 0
        var isStopping = false
        var drainWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let threadCount: Int
    private let capacity: Int
    private let state = Mutex(State())
    // Counts at least one signal for each waiting job, and for each thread once the queue stops.
    private let wakeUps = DispatchSemaphore(value: 0)

    init(threadCount: Int, capacity: Int) {
        self.threadCount = threadCount
        self.capacity = capacity
    }

    /// How many jobs wait for a thread.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// How many threads are at work.
    var busyThreadCount: Int { state.withLock { $0.busyThreadCount } }

    /// Starts the threads; `false` when the system gives none, and then those already running end.
    func start() -> Bool {
        for _ in 0..<threadCount {
            state.withLock { $0.liveThreadCount += 1 }
            guard WorkerThread.spawn(niceness: 5, body: { self.work() }) else {
                state.withLock { $0.liveThreadCount -= 1 }
                stop()
                return false
            }
        }
        return true
    }

    /// A number for the next job.
    func makeID() -> UInt64 {
        state.withLock { state in
            state.nextID &+= 1
            return state.nextID
        }
    }

    /// Takes a job in, or says at once why not.
    func submit(_ job: Job) -> CredentialError? {
        let refusal: CredentialError? = state.withLock { state in
            guard !state.isStopping else { return CredentialError(.shutDown) }
            // Idle threads will take their share of the waiting jobs at once, so only the rest counts as queued.
            guard state.busyThreadCount + state.waiting.count < threadCount + capacity else {
                return CredentialError(.overloaded)
            }
            state.waiting.append(job)
            return nil
        }
        if refusal == nil { wakeUps.signal() }
        return refusal
    }

    /// Takes a job out again, if no thread has begun it.
    func cancel(_ id: UInt64) {
        let job: Job? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiting.remove(at: index)
        }
        job?.abandon()
    }

    /// Refuses new jobs; the threads end when those already taken in are done.
    func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else { return }
        for _ in 0..<threadCount { wakeUps.signal() }
    }

    /// Returns when the last thread has ended; call `stop` before.
    func waitUntilDrained() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.liveThreadCount > 0 { state.drainWaiters.append(continuation) }
                return state.liveThreadCount == 0
            }
            if isDrained { continuation.resume() }
        }
    }

    private enum Turn {
        case perform(Job)
        case sleep
        case end([CheckedContinuation<Void, Never>])
    }

    private func work() {
        while true {
            wakeUps.wait()
            switch nextTurn() {
            case .sleep:
                continue
            case .perform(let job):
                let tellWaiter = job.perform()
                state.withLock { $0.busyThreadCount -= 1 }
                tellWaiter()
            case .end(let drainWaiters):
                for waiter in drainWaiters { waiter.resume() }
                return
            }
        }
    }

    private func nextTurn() -> Turn {
        state.withLock { state in
            if !state.waiting.isEmpty {
                state.busyThreadCount += 1
                return .perform(state.waiting.removeFirst())
            }
            // A wake-up without a job is left over from a cancelled one.
            guard state.isStopping else { return .sleep }
            state.liveThreadCount -= 1
            guard state.liveThreadCount == 0 else { return .end([]) }
            defer { state.drainWaiters = [] }
            return .end(state.drainWaiters)
        }
    }
}
