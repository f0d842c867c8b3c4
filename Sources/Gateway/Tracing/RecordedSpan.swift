import Proxy
import Synchronization
import Tracing

/// A span of the control plane while it lasts.
final class RecordedSpan: Span {
    /// The attributes that are kept.
    ///
    /// Libraries tell of addresses, paths and queries, too, and a query may hold a secret.
    private static let keptAttributes = [
        "http.request.method", "http.response.status_code", "http.route", "portcullis.outcome",
    ]
    /// What some libraries call an attribute, and what it is called now.
    private static let renamedAttributes = ["http.status_code": "http.response.status_code"]
    /// The most events of one span.
    private static let eventLimit = 16

    private struct State {
        var name: String
        var attributes = SpanAttributes([:])
        var events: [FinishedSpan.Event] = []
        var isError = false
        var hasEnded = false
    }

    let context: InstrumentationContext
    private let parent: TraceParent?
    private let kind: SpanKind
    private let startNanoseconds: UInt64
    private let queue: SpanQueue
    private let state: Mutex<State>

    /// Begins a span.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - context: where; without a place in a trace that is recorded, the span is not.
    ///   - kind: its kind.
    ///   - startNanoseconds: when, since 1970.
    ///   - queue: where it goes when it ends.
    init(
        _ name: String, in context: InstrumentationContext, kind: SpanKind, at startNanoseconds: UInt64,
        queue: SpanQueue
    ) {
        var own = context
        let parent = context.place.flatMap { $0.isSampled ? $0 : nil }
        if let parent {
            own.place = TraceParent(traceID: parent.traceID, spanID: SpanID.random(), isSampled: true)
        }
        self.context = own
        self.parent = parent
        self.kind = kind
        self.startNanoseconds = startNanoseconds
        self.queue = queue
        state = Mutex(State(name: name))
    }

    var isRecording: Bool { parent != nil && !state.withLock(\.hasEnded) }

    var operationName: String {
        get { state.withLock(\.name) }
        set { state.withLock { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { state.withLock(\.attributes) }
        set { state.withLock { $0.attributes = newValue } }
    }

    func setStatus(_ status: SpanStatus) {
        state.withLock { $0.isError = status.code == .error }
    }

    func addEvent(_ event: SpanEvent) {
        add(FinishedSpan.Event(name: event.name, nanoseconds: event.nanosecondsSinceEpoch))
    }

    /// Only the error's type: its text may quote what it is about.
    func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        add(
            FinishedSpan.Event(
                name: "exception", nanoseconds: instant().nanosecondsSinceEpoch,
                attributes: [("exception.type", .string("\(type(of: error))"))]))
    }

    private func add(_ event: FinishedSpan.Event) {
        state.withLock { state in
            if state.events.count < Self.eventLimit { state.events.append(event) }
        }
    }

    /// Links are not exported.
    func addLink(_ link: SpanLink) {}

    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let parent, let place = context.place else { return }
        let endNanoseconds = instant().nanosecondsSinceEpoch
        let ended = state.withLock { state -> State? in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let ended else { return }
        queue.add(
            FinishedSpan(
                traceID: place.traceID, spanID: place.spanID, parent: parent.spanID, name: ended.name,
                kind: FinishedSpan.Kind(kind), startNanoseconds: startNanoseconds, endNanoseconds: endNanoseconds,
                attributes: Self.kept(ended.attributes), events: ended.events, isError: ended.isError))
    }

    private static func kept(_ attributes: SpanAttributes) -> [(name: String, value: FinishedSpan.Value)] {
        var kept: [(name: String, value: FinishedSpan.Value)] = []
        attributes.forEach { key, value in
            let name = renamedAttributes[key] ?? key
            guard keptAttributes.contains(name) else { return }
            switch value {
            case .string(let text): kept.append((name, .string(text)))
            case .int32(let number): kept.append((name, .integer(Int64(number))))
            case .int64(let number): kept.append((name, .integer(number)))
            default: return
            }
        }
        return kept.sorted { $0.name < $1.name }
    }
}

extension FinishedSpan.Kind {
    fileprivate init(_ kind: SpanKind) {
        self =
            switch kind {
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            case .internal: .internal
            }
    }
}
