import HTTP1
import NIOCore

/// What is measured of one request that is traced; there is none for the others.
///
/// Loop-bound, as the connection that the request came over.
public final class RequestTrace {
    /// The span of the request itself, with the trace it belongs to.
    let place: TraceParent
    /// The span that it is a child of.
    let parent: SpanID?
    /// What is told to the upstream.
    let upstreamPlace: TraceParent
    private let start: NIODeadline
    private var verification: TraceInterval?
    private var denyList: TraceInterval?
    private var upstream: TraceInterval?
    private var upstreamAnswer: (at: NIODeadline, status: Int)?
    private var sendCount = 0

    /// - Parameters:
    ///   - parent: where the request's span begins; `nil` for a new trace.
    ///   - start: when the request began.
    ///   - random: makes identifiers.
    init(below parent: TraceParent?, start: NIODeadline, random: inout some RandomNumberGenerator) {
        let traceID = parent?.traceID ?? TraceID(random: &random)
        place = TraceParent(traceID: traceID, spanID: SpanID(random: &random), isSampled: true)
        upstreamPlace = TraceParent(traceID: traceID, spanID: SpanID(random: &random), isSampled: true)
        self.parent = parent?.spanID
        self.start = start
    }

    // MARK: - What happens

    /// The credential is about to be looked at.
    func verificationBegan() {
        verification = .begun()
    }

    /// The credential has been judged, apart from whether it is revoked.
    package func verified() {
        verification?.finish()
    }

    /// The deny-list is asked.
    package func denyListAsked() {
        denyList = .begun()
    }

    /// The deny-list has answered, or cannot.
    package func denyListAnswered() {
        denyList?.finish()
    }

    /// Whether the request goes on has been decided.
    func decided() {
        verification?.finish()
        denyList?.finish()
    }

    /// The request is for an upstream.
    func upstreamBegan() {
        upstream = .begun()
    }

    /// The request's head is written to a connection.
    func sent() {
        sendCount += 1
    }

    /// The head of the final answer has come.
    func upstreamAnswered(status: Int) {
        upstreamAnswer = (.now(), status)
    }

    /// The answer is complete.
    func upstreamEnded() {
        upstream?.finish()
    }

    // MARK: - What goes on

    /// The fields of the request with those marked that must not go on, for what is told to the upstream replaces them.
    ///
    /// - Parameters:
    ///   - head: the request's head.
    ///   - bytes: the bytes that it was parsed from.
    /// - Returns: all of the head's fields.
    func fields(of head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> [HeaderField] {
        var fields = head.fields
        for index in fields.indices {
            let field = fields[index]
            // `tracestate` belongs to the trace that the request came with.
            if field.isTraceParent(in: bytes) || parent == nil && field.isTraceState(in: bytes) {
                fields[index].traits.insert(.hopByHop)
            }
        }
        return fields
    }

    /// What has been measured, at the end.
    ///
    /// - Parameters:
    ///   - method: the request's method.
    ///   - route: its route's label.
    ///   - upstreamName: the name of the upstream it went to.
    ///   - status: its answer's status.
    ///   - outcome: what came of it, in a word.
    /// - Returns: what spans can be made of.
    func finished(
        method: HTTPMethod, route: String?, upstreamName: String?, status: Int, outcome: StaticString
    ) -> TracedRequest {
        let now = NIODeadline.now()
        var upstreamCall: TracedRequest.UpstreamCall?
        if let upstream, let upstreamName {
            upstreamCall = TracedRequest.UpstreamCall(
                name: upstreamName, spanID: upstreamPlace.spanID, interval: upstream, answeredAt: upstreamAnswer?.at,
                status: upstreamAnswer?.status, sendCount: sendCount)
        }
        return TracedRequest(
            place: place, parent: parent, interval: TraceInterval(start: start, end: now), method: method, route: route,
            status: status, outcome: outcome, verification: verification, denyList: denyList, upstream: upstreamCall)
    }
}
