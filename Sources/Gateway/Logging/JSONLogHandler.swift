import Foundation
import JOSE
package import Logging
import NIOCore
package import Proxy

/// Writes log records as JSON lines with the names that Cloud Logging knows: constant text in `message`, all else in
/// fields of its own.
package struct JSONLogHandler: LogHandler {
    package var metadata = Logger.Metadata()
    package var logLevel = Logger.Level.info
    private let label: String
    private let writer: AccessLogWriter

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: the logger's label; stands in the field `logger`.
    ///   - writer: where lines go, without making the caller wait.
    package init(label: String, writer: AccessLogWriter) {
        self.label = label
        self.writer = writer
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var members: [(String, JSONValue)] = [
            ("timestamp", .string(Self.timestamp())), ("severity", .string(Self.severity(event.level))),
            ("message", .string(event.message.description)), ("logger", .string(label)),
        ]
        var fields = metadata
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            members.append((key, .string(value.description)))
        }
        var line = ByteBuffer(bytes: JSONWriter.bytes(of: .object(members)))
        line.writeStaticString("\n")
        writer.write(line)
    }

    private static func timestamp() -> String {
        Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private static func severity(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info: "INFO"
        case .notice: "NOTICE"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }
}
