import Logging
import Synchronization

/// Everything a logger was told, as text.
final class LogRecords: Sendable {
    private let records = Mutex<[String]>([])

    var text: String { records.withLock { $0.joined(separator: "\n") } }

    var logger: Logger {
        var logger = Logger(label: "test", factory: { _ in Handler(records: self) })
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let records: LogRecords
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            records.records.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
