import HTTP1
import NIOCore

/// What a client connection knows about the request in hand.
struct Exchange {
    /// The bytes of the request's head; offsets in the parsed head count from its first.
    var headBytes = ByteBuffer()
    /// The path in its normal form, where the client sent another.
    var normalizedPath: [UInt8]?
    var requestID = RequestID(high: 0, low: 0)
    /// The route, once there is one.
    var route: Route?
    /// Its place among the routes.
    var routeIndex: Int?
    /// The pool of the upstream that the request goes to.
    var pool: UpstreamPool?
    var identity: Identity?
    /// What the permit rests on, where that can end before the exchange does.
    var permitBasis: PermitBasis?
    /// What is measured of it, where it is traced.
    var trace: RequestTrace?
    /// How the client stands with the route's limit, for the answer; `nil` where there is none.
    var rateLimit: RateLimitStanding?
    var body = BodyDecoder(.none)
    var bodyByteCount = 0
    var state = ExchangeState(requestIsComplete: true, clientKeepsAlive: true, isRepeatable: false)
    /// The trailers of the request, if it has any.
    var trailers: TrailerSection?
    /// The body of a request to the control plane, as far as it came.
    var gathered: ByteBuffer?
    var startedAt = NIODeadline.uptimeNanoseconds(0)
    var upstreamStartedAt: NIODeadline?
    var upstreamEndedAt: NIODeadline?
    var status = 0
    var reason: StaticString = "ok"
    /// How the body goes to the client: the upstream's framing, or chunks where that cannot be used.
    var responseIsChunked = false
}
