import HTTP1
import JOSE
import Logging
import Proxy
import Revocation

/// Decides about the requests of one connection: credential, token, deny-list, scope, in this order.
final class TokenAuthentication: Authentication {
    private let loop: LoopAuthenticator
    private var pending: PendingVerdict?
    private var token: KnownToken?
    private var policy = 0

    init(loop: LoopAuthenticator) {
        self.loop = loop
    }

    override func begin(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, policy: Int?
    ) -> AuthenticationDecision {
        switch BearerCredential.find(in: head, bytes) {
        case .none: return .deny(.noCredential)
        case .malformed: return .deny(.malformedCredential)
        case .token(let bytes):
            do throws(TokenRejection) {
                return judge(try loop.verify(bytes), policy: policy ?? 0)
            } catch {
                return .deny(Denial(error))
            }
        }
    }

    override func reasonToEnd(_ basis: PermitBasis) -> StaticString? {
        // Every permit given here rests on a token.
        guard let known = basis as? KnownToken else { return nil }
        return loop.reasonToEnd(known)
    }

    override func cancel() {
        pending?.owner = nil
        pending = nil
        token = nil
    }

    private func judge(_ known: KnownToken, policy: Int) -> AuthenticationDecision {
        // An audience is part of what makes a token valid here, so it comes before the deny-list; scopes come after.
        if known.standing(with: policy) == .wrongAudience { return .deny(.wrongAudience) }
        guard loop.settings.asksDenyList else { return conclude(known, policy: policy) }
        let verdict = pending ?? PendingVerdict()
        pending = verdict
        verdict.owner = self
        token = known
        self.policy = policy
        verdict.isAsking = true
        loop.denyList.check(known.query, by: verdict)
        verdict.isAsking = false
        guard let early = verdict.early else { return .pending }
        verdict.early = nil
        token = nil
        return decision(early, known, policy: policy)
    }

    fileprivate func decided(_ verdict: RevocationVerdict) {
        guard let known = token else { return }
        token = nil
        decide(decision(verdict, known, policy: policy))
    }

    private func decision(_ verdict: RevocationVerdict, _ known: KnownToken, policy: Int) -> AuthenticationDecision {
        if let denial = loop.denial(verdict, known, policy: policy) { return .deny(denial) }
        return conclude(known, policy: policy)
    }

    private func conclude(_ known: KnownToken, policy: Int) -> AuthenticationDecision {
        guard known.standing(with: policy) == .met else {
            loop.logger.info(
                "insufficient scope",
                metadata: [
                    "wanted": "\(loop.settings.policies[policy].wantedScopes)", "held": "\(known.scope)",
                    "subject": "\(known.identity.loggedSubject)",
                ])
            return .deny(loop.settings.policies[policy].scopeDenial)
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
