import Proxy

/// A span that has ended, as it is exported.
struct FinishedSpan: Sendable {
    /// What a span is to the spans around it.
    ///
    /// The numbers are those of OpenTelemetry's protocol.
    enum Kind: Int64, Sendable {
        case `internal` = 1
        case server = 2
        case client = 3
        case producer = 4
        case consumer = 5
    }

    /// A value of an attribute.
    enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int64)
    }

    /// Something that happened meanwhile.
    struct Event: Sendable {
        var name: String
        /// Since 1970.
        var nanoseconds: UInt64
        var attributes: [(name: String, value: Value)] = []
    }

    var traceID: TraceID
    var spanID: SpanID
    var parent: SpanID?
    var name: String
    var kind: Kind
    /// Since 1970.
    var startNanoseconds: UInt64
    /// Since 1970.
    var endNanoseconds: UInt64
    var attributes: [(name: String, value: Value)] = []
    var events: [Event] = []
    var isError = false
}
