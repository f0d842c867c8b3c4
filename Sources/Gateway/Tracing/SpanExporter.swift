import Logging
import NIOCore
import Proxy

/// Takes spans from the queue to the collector: in batches, one at a time, and never again what did not arrive.
final class SpanExporter: Sendable {
    /// How long spans wait for others.
    static let interval = Duration.seconds(5)

    let queue: SpanQueue
    private let document: TraceDocument
    private let collector: TraceCollectorClient
    private let logger: Logger
    private let wakes: AsyncStream<Void>.Continuation
    private let worker: Task<Void, Never>
    private let clock: Task<Void, Never>

    /// Begins to export.
    ///
    /// - Parameters:
    ///   - document: says whose spans they are.
    ///   - collector: where they go.
    ///   - interval: how long they wait for others.
    ///   - logger: for the operator.
    init(
        document: TraceDocument, collector: TraceCollectorClient, interval: Duration = SpanExporter.interval,
        logger: Logger
    ) {
        let (wakeUps, wakes) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let queue = SpanQueue { wakes.yield() }
        self.queue = queue
        self.document = document
        self.collector = collector
        self.logger = logger
        self.wakes = wakes
        clock = Task {
            while (try? await Task.sleep(for: interval)) != nil { wakes.yield() }
        }
        worker = Task {
            var isInOutage = false
            for await _ in wakeUps {
                await Self.export(queue, document, collector, isInOutage: &isInOutage, logger)
            }
            // What came after the last time.
            await Self.export(queue, document, collector, isInOutage: &isInOutage, logger)
        }
    }

    /// Exports what is there, as far as the time allows, and ends.
    ///
    /// - Parameter limit: how long that may take.
    func shutdown(within limit: Duration) async {
        clock.cancel()
        wakes.finish()
        let worker = worker
        let alarm = Task {
            if (try? await Task.sleep(for: limit)) != nil { worker.cancel() }
        }
        await worker.value
        alarm.cancel()
        queue.close()
        await collector.shutdown()
    }

    private static func export(
        _ queue: SpanQueue, _ document: TraceDocument, _ collector: TraceCollectorClient, isInOutage: inout Bool,
        _ logger: Logger
    ) async {
        let (requests, others) = queue.takeAll()
        let offset = FinishedSpan.ClockOffset.now()
        var spans = requests.flatMap { FinishedSpan.spans(of: $0, offset: offset) }[...]
        spans += others
        while !spans.isEmpty {
            guard !Task.isCancelled else { return queue.drop(spans.count) }
            let batch = Array(spans.prefix(SpanQueue.batchSpanCount))
            spans = spans.dropFirst(batch.count)
            do throws(TraceCollectorClient.Failure) {
                let refused = try await collector.post(document.bytes(batch))
                queue.drop(min(refused, batch.count))
                if isInOutage { logger.notice("traces are exported again") }
                isInOutage = false
            } catch {
                queue.drop(batch.count)
                if !isInOutage, !Task.isCancelled {
                    logger.warning("traces cannot be exported", metadata: ["reason": "\(error.word)"])
                }
                isInOutage = true
            }
        }
    }
}

extension TraceCollectorClient.Failure {
    /// What the log says.
    fileprivate var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .timedOut: "timed_out"
        case .status(let status): "status \(status)"
        }
    }
}
