import Glibc

/// Threads for password hashing, and the store look-ups that go with it, behind a bounded queue that sheds load.
///
/// Neither an event loop nor Swift's cooperative pool is ever blocked: callers suspend, threads of the pool's own
/// compute. Those are nicer than the rest of the process, so that a burst of logins slows logins and not the data path.
/// The pool's memory is bounded: threads times `ScryptCost.memoryByteCount` (an imported hash at most 128 MiB).
package final class HashingPool: Sendable {
    /// Half the processors, at least one: the rest belongs to the event loops.
    package static var defaultThreadCount: Int {
        max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) / 2)
    }

    /// How many jobs may wait for each thread by default: with hashes of 0.2 to 0.4 s nobody waits longer than 7 s.
    package static let defaultQueueCapacityPerThread = 16

    /// Makes and checks the hashes; use it only inside `run`.
    package let hasher: PasswordHasher

    private let queue: WorkQueue

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - hasher: Makes and checks the hashes.
    ///   - threadCount: How many hashes are computed at once; at least 1.
    ///   - queueCapacity: How many jobs may wait besides those running; 0 or more.
    /// - Throws: `overloaded` when the system gives no more threads.
    package init(
        hasher: PasswordHasher, threadCount: Int = HashingPool.defaultThreadCount, queueCapacity: Int? = nil
    ) throws(CredentialError) {
        let threadCount = min(max(threadCount, 1), 1024)
        let queueCapacity = min(max(queueCapacity ?? threadCount * Self.defaultQueueCapacityPerThread, 0), 65536)
        self.hasher = hasher
        queue = WorkQueue(threadCount: threadCount, capacity: queueCapacity)
        guard queue.start() else {
            throw CredentialError(.overloaded, detail: "no threads for password hashing")
        }
    }

    deinit {
        queue.stop()
    }

    /// How many jobs wait for a thread now.
    package var waitingCount: Int { queue.waitingCount }

    /// How many threads are at work now.
    package var busyThreadCount: Int { queue.busyThreadCount }

    /// Checks a password on a thread of the pool.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - hash: The stored hash.
    /// - Returns: Whether they belong together.
    /// - Throws: `overloaded` at once when the queue is full, `shutDown`, `cancelled`, `hashingFailed`.
    package func verify(password: Password, against hash: PasswordHash) async throws(CredentialError) -> Bool {
        try await perform { [hasher] () throws(CredentialError) in try hasher.verify(password, against: hash) }
    }

    /// Hashes a password on a thread of the pool.
    ///
    /// - Parameter password: The password.
    /// - Returns: The hash, with the cost of the pool's hasher.
    /// - Throws: `overloaded` at once when the queue is full, `shutDown`, `cancelled`, `hashingFailed`.
    package func hash(password: Password) async throws(CredentialError) -> PasswordHash {
        try await perform { [hasher] () throws(CredentialError) in try hasher.hash(password) }
    }

    /// Does blocking work (hashing, or a call to the store) on a thread of the pool.
    ///
    /// Work that has begun is finished and its result returned even when the task is cancelled meanwhile: a hash cannot
    /// be interrupted, and a change to the store is better known than unknown.
    ///
    /// - Parameter work: What to do.
    /// - Returns: What the work returns.
    /// - Throws: `overloaded` at once when the queue is full, `shutDown`, `cancelled`, and what the work throws.
    package func perform<Value: Sendable>(
        _ work: @escaping @Sendable () throws(CredentialError) -> Value
    ) async throws(CredentialError) -> Value {
        let id = queue.makeID()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<Value, CredentialError>, Never>) in
                let refusal = queue.submit(
                    WorkQueue.Job(
                        id: id,
                        perform: {
                            let result = Result(catching: work)
                            return { continuation.resume(returning: result) }
                        },
                        abandon: { continuation.resume(returning: .failure(CredentialError(.cancelled))) }))
                if let refusal {
                    continuation.resume(returning: .failure(refusal))
                } else if Task.isCancelled {
                    // Cancelled before it was queued: then the handler below found nothing to take out.
                    queue.cancel(id)
                }
            }
        } onCancel: {
            queue.cancel(id)
        }
        return try outcome.get()
    }

    /// Refuses new work, finishes what is queued and running, and returns when the threads have ended.
    package func shutDown() async {
        queue.stop()
        await queue.waitUntilDrained()
    }
}
