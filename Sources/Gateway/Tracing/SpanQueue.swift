import Proxy
import Synchronization

/// Where everybody's spans wait to be exported: bounded, and what finds no room is counted.
final class SpanQueue: TraceCollecting {
    /// The most spans that wait.
    static let spanLimit = 16_384
    /// As many make a batch, which need not wait any longer.
    static let batchSpanCount = 512

    private struct State {
        var spans: [FinishedSpan] = []
        var requests: [TracedRequest] = []
        /// Those that the requests will make are counted, too.
        var spanCount = 0
        var droppedSpanCount: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let onBatch: @Sendable () -> Void

    /// - Parameter onBatch: called on any thread when there is enough for a batch.
    init(onBatch: @escaping @Sendable () -> Void) {
        self.onBatch = onBatch
    }

    /// How many spans have been lost, for whatever reason.
    var droppedSpanCount: UInt64 { state.withLock(\.droppedSpanCount) }

    func collect(_ requests: [TracedRequest], droppedSpanCount: UInt64) {
        let isBatch = state.withLock { state in
            state.droppedSpanCount &+= droppedSpanCount
            for request in requests {
                let count = request.spanCount
                if Self.admit(count, &state) { state.requests.append(request) }
            }
            return state.spanCount >= Self.batchSpanCount
        }
        if isBatch { onBatch() }
    }

    /// Takes a span that has ended.
    func add(_ span: FinishedSpan) {
        let isBatch = state.withLock { state in
            if Self.admit(1, &state) { state.spans.append(span) }
            return state.spanCount >= Self.batchSpanCount
        }
        if isBatch { onBatch() }
    }

    private static func admit(_ count: Int, _ state: inout State) -> Bool {
        guard !state.isClosed, state.spanCount + count <= spanLimit else {
            state.droppedSpanCount &+= UInt64(count)
            return false
        }
        state.spanCount += count
        return true
    }

    /// Takes all that wait out.
    func takeAll() -> (requests: [TracedRequest], spans: [FinishedSpan]) {
        state.withLock { state in
            defer {
                state.requests = []
                state.spans = []
                state.spanCount = 0
            }
            return (state.requests, state.spans)
        }
    }

    /// Counts spans that were taken out and could not be exported.
    func drop(_ count: Int) {
        state.withLock { $0.droppedSpanCount &+= UInt64(count) }
    }

    /// Takes nothing more: who is to export it is gone.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            return state.spanCount
        }
        _ = takeAll()
        drop(left)
    }
}
