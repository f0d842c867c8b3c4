import Synchronization

/// A task waiting for the outcome of commands.
///
/// Resumed once: by the outcome or by cancellation, whichever comes first. The commands keep their places in
/// the connection's order either way, so a cancelled waiter's replies are dropped and never taken for
/// another's.
final class PendingExecution: Sendable {
    typealias Outcome = Result<[Result<RedisValue, RedisFailure>], RedisFailure>

    private enum State {
        case new
        case waiting(CheckedContinuation<Outcome, Never>)
        case done
    }

    private let state = Mutex(State.new)

    /// Whether the outcome is still wanted.
    var isDone: Bool {
        state.withLock { if case .done = $0 { true } else { false } }
    }

    /// Hands over the continuation.
    /// - Returns: False when the execution was cancelled before; the continuation is resumed then.
    func wait(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let accepted = state.withLock { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !accepted { continuation.resume(returning: .failure(.cancelled)) }
        return accepted
    }

    /// Resumes the waiting task, if it has not been resumed.
    func finish(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            defer { state = .done }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: outcome)
    }
}
