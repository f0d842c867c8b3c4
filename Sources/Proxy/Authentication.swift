public import HTTP1

/// What was decided about a request on a protected route.
public enum AuthenticationDecision {
    /// It may go on, as this identity.
    case permit(Permit)
    /// It is refused; the problem is the answer.
    case deny(Denial)
    /// The answer comes later, through ``Authentication/decide(_:)``.
    case pending
}

/// Why a request was refused: the answer to give, and the word for it in logs and metrics.
public struct Denial: Sendable {
    package let problem: Problem
    package let reason: StaticString
    /// What the answer tells of the limit that was reached, if one was.
    package let rateLimit: RateLimitStanding?

    /// Makes a denial.
    package init(_ problem: Problem, reason: StaticString, rateLimit: RateLimitStanding? = nil) {
        self.problem = problem
        self.reason = reason
        self.rateLimit = rateLimit
    }
}

/// The right to forward one request.
///
/// Only an ``Authentication`` can make one.
public struct Permit {
    package let identity: Identity?
    /// What the answer tells of the route's limit, if it has one.
    package let rateLimit: RateLimitStanding?
    /// What it rests on, if that can come to an end before the exchange does.
    package let basis: PermitBasis?

    fileprivate init(identity: Identity?, basis: PermitBasis?, rateLimit: RateLimitStanding?) {
        self.identity = identity
        self.basis = basis
        self.rateLimit = rateLimit
    }
}

/// What a permit rests on, kept for as long as the exchange lasts.
///
/// A base class, as ``Authentication`` is; whoever makes permits knows what is behind it.
open class PermitBasis {
    /// Makes one.
    public init() {}
}

/// Decides about the requests of one client connection, one at a time, on the connection's event loop.
///
/// A base class and not a protocol: it is called for every request, and a class call needs no existential. The proxy
/// knows nothing of tokens; whoever embeds it subclasses this.
open class Authentication {
    /// Where decisions that come later go; set once by the connection.
    package final var onDecision: (AuthenticationDecision) -> Void = { _ in }
    /// Who is at the other end; set once by the connection.
    package final var peer: ClientPeer?
    /// Where it writes down what it does, while the request in hand is traced.
    package final private(set) var trace: RequestTrace?

    /// Makes one for a connection.
    public init() {}

    /// Decides about a request, at once or later.
    ///
    /// - Parameters:
    ///   - head: the parsed head.
    ///   - bytes: the bytes it was parsed from, valid during the call only.
    ///   - policy: the policy of the route, as ``Route/policy`` has it; `nil` to check the credential alone.
    /// - Returns: the decision; after `.pending`, exactly one call of ``decide(_:)`` follows unless ``cancel()`` comes
    ///   first.
    open func begin(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, policy: Int?) -> AuthenticationDecision {
        .deny(Denial(.internalError, reason: "internal"))
    }

    /// Whether an exchange that was permitted has to end: asked again and again while its answer, or its WebSocket, goes
    /// on.
    ///
    /// - Parameter basis: what its permit rests on.
    /// - Returns: why, for the log; `nil` when it may go on.
    open func reasonToEnd(_ basis: PermitBasis) -> StaticString? { nil }

    /// Forgets the request in hand: its client is gone.
    open func cancel() {}

    /// Takes note that the request in hand is traced, or not any more.
    open func follow(_ trace: RequestTrace?) {
        self.trace = trace
    }

    /// Delivers a decision that was pending.
    public final func decide(_ decision: AuthenticationDecision) {
        onDecision(decision)
    }

    /// Makes the right to forward a request.
    package final func permit(
        _ identity: Identity?, basis: PermitBasis? = nil, rateLimit: RateLimitStanding? = nil
    ) -> Permit {
        Permit(identity: identity, basis: basis, rateLimit: rateLimit)
    }
}
