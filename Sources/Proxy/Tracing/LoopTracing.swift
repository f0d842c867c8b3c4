import HTTP1
import NIOCore

/// One event loop's side of tracing: begins traces, and gathers what they leave until it is handed over.
final class LoopTracing {
    /// How many requests may have ended since the last time; the rest is counted and forgotten.
    static let requestLimit = 4096

    private let sampler: TraceSampler
    private let collector: any TraceCollecting
    private var random: SeededGenerator
    private var finished: [TracedRequest] = []
    private var droppedSpanCount: UInt64 = 0

    init(_ settings: TracingSettings) {
        sampler = TraceSampler(ratio: settings.sampleRatio)
        collector = settings.collector
        var system = SystemRandomNumberGenerator()
        random = SeededGenerator(seed: (system.next(), system.next()))
    }

    /// Begins to trace a request, if it is one of those.
    ///
    /// - Parameters:
    ///   - head: its head.
    ///   - bytes: the bytes that it was parsed from.
    ///   - isTrusted: whether it comes from a trusted proxy.
    ///   - start: when it began.
    /// - Returns: what it is to be measured by; `nil` for most.
    func begin(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, isTrusted: Bool, start: NIODeadline
    ) -> RequestTrace? {
        switch sampler.decide(head.traceParent(in: bytes), isTrusted: isTrusted, chance: random.next()) {
        case .untraced: nil
        case .joined(let parent): RequestTrace(below: parent, start: start, random: &random)
        case .begun: RequestTrace(below: nil, start: start, random: &random)
        }
    }

    /// Keeps what a request has left.
    func append(_ request: TracedRequest) {
        guard finished.count < Self.requestLimit else {
            droppedSpanCount &+= UInt64(request.spanCount)
            return
        }
        finished.append(request)
    }

    /// Hands over what has gathered.
    func flush() {
        guard !finished.isEmpty else { return }
        collector.collect(finished, droppedSpanCount: droppedSpanCount)
        finished = []
        droppedSpanCount = 0
    }
}
