import GatewayConfiguration
import HTTP1
import Proxy
import RateLimiting

/// Counts the requests of one connection that another authentication lets through, on routes that have a limit.
///
/// A gateway none of whose routes is limited does without it.
final class LimitedAuthentication: Authentication {
    private let inner: Authentication
    /// By the index of the route's policy.
    private let limiters: [RouteRateLimiter?]
    /// The limit that the request in hand will be counted by, while the inner authentication has it.
    private var limiter: RouteRateLimiter?
    private var identity: Identity?
    private var basis: PermitBasis?
    private var pending: PendingCount?
    /// The key of the address that the request in hand came from; most requests of a connection come from the same.
    private var address: (network: UInt128?, key: UInt128) = (nil, RateLimitKey.of(0))

    /// - Parameters:
    ///   - inner: decides first; what it refuses is not counted.
    ///   - limiters: those of the event loop.
    init(_ inner: Authentication, limiters: [RouteRateLimiter?]) {
        self.inner = inner
        self.limiters = limiters
        super.init()
        inner.onDecision = { [unowned self] in authenticated($0) }
    }

    deinit {
        inner.onDecision = { _ in }
    }

    override func begin(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, policy: Int?
    ) -> AuthenticationDecision {
        guard let policy, limiters.indices.contains(policy), let limiter = limiters[policy] else {
            return ask(head, bytes, policy)
        }
        if limiter.key == .address { takeAddress(head, bytes) }
        if limiter.isPublic { return count(nil, nil, by: limiter) }
        let decision = ask(head, bytes, policy)
        switch decision {
        case .permit(let permit): return count(permit.identity, permit.basis, by: limiter)
        case .deny: return decision
        case .pending:
            self.limiter = limiter
            return decision
        }
    }

    private func ask(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ policy: Int?
    ) -> AuthenticationDecision {
        if inner.peer == nil { inner.peer = peer }
        return inner.begin(head, bytes, policy: policy)
    }

    override func follow(_ trace: RequestTrace?) {
        inner.follow(trace)
    }

    override func cancel() {
        inner.cancel()
        pending?.owner = nil
        pending = nil
        limiter = nil
        identity = nil
        basis = nil
    }

    override func reasonToEnd(_ basis: PermitBasis) -> StaticString? {
        inner.reasonToEnd(basis)
    }

    /// The inner authentication has decided later.
    private func authenticated(_ decision: AuthenticationDecision) {
        let limiter = limiter
        self.limiter = nil
        guard let limiter, case .permit(let permit) = decision else { return decide(decision) }
        let decision = count(permit.identity, permit.basis, by: limiter)
        if case .pending = decision { return }
        decide(decision)
    }

    private func count(
        _ identity: Identity?, _ basis: PermitBasis?, by limiter: RouteRateLimiter
    ) -> AuthenticationDecision {
        let key: UInt128 =
            switch limiter.key {
            case .address: address.key
            case .subject: identity?.countingKeys.subject ?? 0
            case .client: identity?.countingKeys.client ?? 0
            }
        let handler = pending ?? PendingCount()
        pending = handler
        guard let decision = limiter.limiter.take(key, for: handler) else {
            handler.owner = self
            self.identity = identity
            self.basis = basis
            return .pending
        }
        return conclude(decision, identity, basis)
    }

    /// Redis has counted.
    fileprivate func counted(_ decision: RateLimitDecision) {
        let (identity, basis) = (identity, basis)
        self.identity = nil
        self.basis = nil
        decide(conclude(decision, identity, basis))
    }

    private func conclude(
        _ decision: RateLimitDecision, _ identity: Identity?, _ basis: PermitBasis?
    ) -> AuthenticationDecision {
        let standing = RateLimitStanding(
            limit: decision.limit, remaining: decision.remaining,
            resetSeconds: Self.seconds(decision.resetMilliseconds))
        guard !decision.isAllowed else { return .permit(permit(identity, basis: basis, rateLimit: standing)) }
        return .deny(
            Denial(
                .tooManyRequests(retryAfterSeconds: max(Self.seconds(decision.retryAfterMilliseconds), 1)),
                reason: "rate_limit", rateLimit: standing))
    }

    private func takeAddress(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        let network = peer?.client(of: head, bytes)?.countedNetwork
        // Who comes over a Unix domain socket has no address, and is one client.
        if network != address.network { address = (network, RateLimitKey.of(network ?? 0)) }
    }

    private static func seconds(_ milliseconds: Int64) -> Int {
        Int((milliseconds + 999) / 1000)
    }
}

/// Waits for a count on behalf of a connection, which may be gone when it comes: then it has no owner.
private final class PendingCount: RateLimitHandler {
    var owner: LimitedAuthentication?

    override func decided(_ decision: RateLimitDecision) {
        let owner = owner
        self.owner = nil
        owner?.counted(decision)
    }
}
