import Foundation
import Synchronization

/// A wait that ends, whatever is waited for.
package enum Deadline {
    /// Runs work that does not block.
    ///
    /// - Parameters:
    ///   - limit: how long to wait for it; afterwards it is cancelled and left to itself.
    ///   - work: the work.
    /// - Returns: what came of it; `nil` when it took too long.
    package static func run<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let first = FirstAnswer<Value>()
        let task = Task { first.give(await work()) }
        let value = await first.wait(limit)
        task.cancel()
        return value
    }

    /// Runs work that blocks, on a thread of its own.
    ///
    /// - Parameters:
    ///   - limit: how long to wait for it; afterwards it is left to itself.
    ///   - work: the work.
    /// - Returns: what came of it; `nil` when it took too long.
    package static func runBlocking<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () -> Value
    ) async -> Value? {
        let first = FirstAnswer<Value>()
        Thread.detachNewThread { first.give(work()) }
        return await first.wait(limit)
    }
}

/// Takes the first of two answers: a value, or that it is too late.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value?, Never>)
        case given(Value?)
        case done
    }

    private let state = Mutex(State.open)

    func give(_ value: Value?) {
        let continuation = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .open: state = .given(value)
            case .awaited(let continuation):
                state = .done
                return continuation
            case .given, .done: break
            }
            return nil
        }
        continuation?.resume(returning: value)
    }

    func wait(_ limit: Duration) async -> Value? {
        let timer = Task {
            try? await Task.sleep(for: limit)
            give(nil)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let given = state.withLock { state -> Value?? in
                guard case .given(let value) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                state = .done
                return .some(value)
            }
            if let given { continuation.resume(returning: given) }
        }
    }
}
