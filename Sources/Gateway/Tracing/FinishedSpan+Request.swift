import HTTP1
import NIOCore
import Proxy

extension FinishedSpan {
    /// How far the clock of event loops is behind the time since 1970.
    struct ClockOffset {
        let nanoseconds: UInt64

        /// The offset at this moment.
        static func now() -> ClockOffset {
            ClockOffset(
                nanoseconds: TraceClock.nowNanoseconds &- NIODeadline.now().uptimeNanoseconds)
        }

        func time(_ instant: NIODeadline) -> UInt64 { instant.uptimeNanoseconds &+ nanoseconds }
    }

    /// The spans of a request that the data path has traced; the request's own is the first.
    ///
    /// Their attributes come from the configuration and the program: nothing that a client chose is among them.
    static func spans(of request: TracedRequest, offset: ClockOffset) -> [FinishedSpan] {
        let method = request.method == .other ? "_OTHER" : request.method.name
        let name = request.method == .other ? "HTTP" : method
        var own = FinishedSpan(
            traceID: request.place.traceID, spanID: request.place.spanID, parent: request.parent,
            name: request.route.map { "\(name) \($0)" } ?? name, kind: .server,
            startNanoseconds: offset.time(request.interval.start),
            endNanoseconds: offset.time(request.interval.end ?? request.interval.start),
            attributes: [
                ("http.request.method", .string(method)),
                ("http.response.status_code", .integer(Int64(request.status))),
                ("portcullis.outcome", .string("\(request.outcome)")),
            ], isError: request.status >= 500 || breaks(request.outcome))
        if let route = request.route { own.attributes.append(("http.route", .string(route))) }
        var spans = [own]
        if let interval = request.verification { spans.append(part("verify", of: request, interval, offset)) }
        if let interval = request.denyList { spans.append(part("deny-list", of: request, interval, offset)) }
        if let call = request.upstream { spans.append(span(of: call, method: method, of: request, offset)) }
        return spans
    }

    private static func part(
        _ name: String, of request: TracedRequest, _ interval: TraceInterval, _ offset: ClockOffset
    ) -> FinishedSpan {
        // What was never ended has lasted to the end of the request.
        let end = interval.end ?? request.interval.end ?? interval.start
        return FinishedSpan(
            traceID: request.place.traceID, spanID: SpanID.random(), parent: request.place.spanID, name: name,
            kind: .internal, startNanoseconds: offset.time(interval.start), endNanoseconds: offset.time(end))
    }

    private static func span(
        of call: TracedRequest.UpstreamCall, method: String, of request: TracedRequest, _ offset: ClockOffset
    ) -> FinishedSpan {
        var span = part("upstream", of: request, call.interval, offset)
        span.spanID = call.spanID
        span.kind = .client
        span.attributes = [
            ("portcullis.upstream", .string(call.name)), ("http.request.method", .string(method)),
        ]
        if let status = call.status {
            span.attributes.append(("http.response.status_code", .integer(Int64(status))))
        }
        if call.sendCount > 1 {
            span.attributes.append(("http.request.resend_count", .integer(Int64(call.sendCount - 1))))
        }
        if let instant = call.answeredAt {
            span.events = [Event(name: "response head", nanoseconds: offset.time(instant))]
        }
        // A client that leaves early, or sends what it may not, is no failure of the upstream.
        span.isError = (call.status ?? request.status) >= 500 || breaks(request.outcome)
        return span
    }

    /// Whether an outcome, which may be known only after the head of an answer, is the upstream's doing.
    private static func breaks(_ outcome: StaticString) -> Bool { "\(outcome)".hasPrefix("upstream_") }
}
