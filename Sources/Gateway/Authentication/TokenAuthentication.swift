import Credentials
import HTTP1
import JOSE
import Logging
import NIOCore
import Proxy
import Revocation

/// Decides about the requests of one connection: credential, token or API key, deny-list, scope, in this order.
final class TokenAuthentication: Authentication {
    private let loop: LoopAuthenticator
    /// Those of the configuration that the connection goes by; the loop may have others already.
    private let policies: PolicySet
    private var pending: PendingVerdict?
    private var waiter: APIKeyWaiter?
    private var credential: KnownCredential?
    private var standing = RoutePolicy.Standing.scopeMissing
    private var policy = 0
    /// When the deny-list was asked whose verdict is waited for.
    private var askedAt = NIODeadline.uptimeNanoseconds(0)
    /// Where the request in hand comes from, while its API key is looked up.
    private var address: ClientAddress?

    init(loop: LoopAuthenticator, policies: PolicySet) {
        self.loop = loop
        self.policies = policies
    }

    override func begin(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, policy: Int?
    ) -> AuthenticationDecision {
        let policy = policy ?? 0
        switch BearerCredential.find(in: head, bytes) {
        case .none: return .deny(.noCredential)
        case .malformed: return .deny(.malformedCredential)
        case .token(let token):
            let route = policies[policy]
            if route.acceptsAPIKeys, loop.apiKeys != nil, APIKeyText.isLikely(token) {
                return look(up: token, head, bytes, policy)
            }
            guard route.acceptsTokens else { return .deny(.apiKeyNeeded) }
            do throws(TokenRejection) {
                let known = try loop.verify(token)
                return judge(known, known.standing(with: policy), policy: policy)
            } catch {
                return .deny(Denial(error))
            }
        case .apiKey(let key):
            guard policies[policy].acceptsAPIKeys, loop.apiKeys != nil else {
                return .deny(.noCredential)
            }
            return look(up: key, head, bytes, policy)
        }
    }

    override func reasonToEnd(_ basis: PermitBasis) -> StaticString? {
        // Every permit given here rests on a credential.
        guard let known = basis as? KnownCredential else { return nil }
        return loop.reasonToEnd(known)
    }

    override func cancel() {
        pending?.owner = nil
        pending = nil
        waiter?.owner = nil
        waiter = nil
        credential = nil
    }

    private func look(
        up key: UnsafeRawBufferPointer, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ policy: Int
    ) -> AuthenticationDecision {
        guard let keys = loop.apiKeys else { return .deny(.noCredential) }
        let waiter = waiter ?? APIKeyWaiter()
        self.waiter = waiter
        switch keys.find(key, for: waiter) {
        case .denied(let denial): return .deny(denial)
        case .known(let known):
            guard known.addresses.isEmpty || known.isUsable(from: peer?.client(of: head, bytes)) else {
                return .deny(.addressNotAllowed)
            }
            return judge(known, known.standing(with: policy), policy: policy)
        case .pending:
            waiter.owner = self
            self.policy = policy
            address = peer?.client(of: head, bytes)
            return .pending
        }
    }

    /// The look-up of an API key has ended.
    func lookedUp(_ answer: LoopAPIKeys.Answer) {
        switch answer {
        case .pending: return
        case .denied(let denial): decide(.deny(denial))
        case .known(let known):
            guard known.isUsable(from: address) else { return decide(.deny(.addressNotAllowed)) }
            // It was looked up for all who wait, who may have begun before the policies were exchanged.
            let standing =
                known.policies === policies
                ? known.standing(with: policy) : policies[policy].standing(scope: known.scope)
            let decision = judge(known, standing, policy: policy)
            if case .pending = decision { return }
            decide(decision)
        }
    }

    private func judge(
        _ known: KnownCredential, _ standing: RoutePolicy.Standing, policy: Int
    ) -> AuthenticationDecision {
        trace?.verified()
        // An audience is part of what makes a token valid here, so it comes before the deny-list; scopes come after.
        if standing == .wrongAudience { return .deny(.wrongAudience) }
        guard loop.settings.asksDenyList else { return conclude(known, standing, policy: policy) }
        let verdict = pending ?? PendingVerdict()
        pending = verdict
        verdict.owner = self
        credential = known
        self.standing = standing
        self.policy = policy
        trace?.denyListAsked()
        verdict.isAsking = true
        loop.denyList.check(known.query, by: verdict)
        verdict.isAsking = false
        guard let early = verdict.early else {
            askedAt = loop.denyList.askedAt
            return .pending
        }
        trace?.denyListAnswered()
        verdict.early = nil
        credential = nil
        return decision(early, known, standing, policy: policy)
    }

    fileprivate func decided(_ verdict: RevocationVerdict) {
        guard let known = credential else { return }
        credential = nil
        trace?.denyListAnswered()
        loop.recordCheck(askedAt: askedAt, verdict)
        decide(decision(verdict, known, standing, policy: policy))
    }

    private func decision(
        _ verdict: RevocationVerdict, _ known: KnownCredential, _ standing: RoutePolicy.Standing, policy: Int
    ) -> AuthenticationDecision {
        if let denial = loop.denial(verdict, known, policy: policies[policy]) { return .deny(denial) }
        return conclude(known, standing, policy: policy)
    }

    private func conclude(
        _ known: KnownCredential, _ standing: RoutePolicy.Standing, policy: Int
    ) -> AuthenticationDecision {
        guard standing == .met else {
            loop.logger.info(
                "insufficient scope",
                metadata: [
                    "wanted": "\(policies[policy].wantedScopes)", "held": "\(known.scope)",
                    "subject": "\(known.identity.loggedSubject)",
                ])
            return .deny(policies[policy].scopeDenial)
        }
        return .permit(permit(known.identity, basis: known))
    }
}

/// Waits for the deny-list on behalf of a connection, which may be gone when the verdict comes: then it has no owner.
private final class PendingVerdict: DenyListCheck {
    var owner: TokenAuthentication?
    /// Whether the question is being put; a verdict that comes meanwhile is kept for the asker.
    var isAsking = false
    var early: RevocationVerdict?

    override func decided(_ verdict: RevocationVerdict) {
        let owner = owner
        self.owner = nil
        if isAsking { early = verdict } else { owner?.decided(verdict) }
    }
}
