import JOSE
import NIOCore
import Proxy

/// Spans as OpenTelemetry's protocol has them in JSON (OTLP 1, `ExportTraceServiceRequest`).
struct TraceDocument {
    /// `service.name`.
    let serviceName: String
    /// `service.version`.
    let version: String

    /// The document for a batch.
    func bytes(_ spans: [FinishedSpan]) -> [UInt8] {
        let resource = Self.attributes([
            ("service.name", .string(serviceName)), ("service.version", .string(version)),
        ])
        let scope = JSONValue.object([("name", .string("portcullis")), ("version", .string(version))])
        let scopeSpans = JSONValue.object([("scope", scope), ("spans", .array(spans.map(Self.value)))])
        return JSONWriter.bytes(
            of: .object([
                (
                    "resourceSpans",
                    .array([
                        .object([
                            ("resource", .object([("attributes", resource)])), ("scopeSpans", .array([scopeSpans])),
                        ])
                    ])
                )
            ]))
    }

    private static func value(_ span: FinishedSpan) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("traceId", .string(text(span.traceID.write))), ("spanId", .string(text(span.spanID.write))),
        ]
        if let parent = span.parent { members.append(("parentSpanId", .string(text(parent.write)))) }
        members += [
            ("name", .string(span.name)), ("kind", .integer(span.kind.rawValue)),
            ("startTimeUnixNano", .string("\(span.startNanoseconds)")),
            ("endTimeUnixNano", .string("\(span.endNanoseconds)")), ("attributes", attributes(span.attributes)),
        ]
        if !span.events.isEmpty { members.append(("events", .array(span.events.map(value)))) }
        // 2 is STATUS_CODE_ERROR; left out, it is unset.
        members.append(("status", .object(span.isError ? [("code", .integer(2))] : [])))
        return .object(members)
    }

    private static func value(_ event: FinishedSpan.Event) -> JSONValue {
        .object([
            ("timeUnixNano", .string("\(event.nanoseconds)")), ("name", .string(event.name)),
            ("attributes", attributes(event.attributes)),
        ])
    }

    private static func attributes(_ attributes: [(name: String, value: FinishedSpan.Value)]) -> JSONValue {
        .array(
            attributes.map { name, value in
                let value: (String, JSONValue) =
                    switch value {
                    case .string(let text): ("stringValue", .string(text))
                    // 64 bits are more than a number of JSON is sure to hold.
                    case .integer(let number): ("intValue", .string("\(number)"))
                    }
                return .object([("key", .string(name)), ("value", .object([value]))])
            })
    }

    private static func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer)
    }
}
