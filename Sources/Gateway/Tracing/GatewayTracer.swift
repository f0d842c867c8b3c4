import HTTP1
import Proxy
import Tracing

/// The tracer of the control plane: its spans go the way of those of the data path.
///
/// It begins no traces of its own. Which requests are traced the data path has decided, and a span is recorded when it has
/// a parent among those.
struct GatewayTracer: Tracer {
    let queue: SpanQueue

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        RecordedSpan(operationName, in: context(), kind: kind, at: instant().nanosecondsSinceEpoch, queue: queue)
    }

    /// Spans are exported as they end.
    func forceFlush() {}

    /// Takes nothing: what a request came with has been judged by the data path.
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.place else { return }
        injector.inject(place.text, forKey: "traceparent", into: &carrier)
    }
}

extension InstrumentationContext {
    private enum PlaceKey: InstrumentationContextKey {
        typealias Value = TraceParent
    }

    /// Where spans begin that are started in this context.
    var place: TraceParent? {
        get { self[PlaceKey.self] }
        set { self[PlaceKey.self] = newValue }
    }
}
