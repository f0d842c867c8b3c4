import Revocation
import Sessions

/// What the stores must do, told as plainly as can be: no clocks compared, only what happened after what.
struct SessionModel {
    struct Session {
        let subject: String
        let client: String
        var generation: UInt32 = 1
        var rotated: Int64
        var expires: Int64
        let ends: Int64
        let begunAtStep: Int
    }

    struct Token {
        let id: String
        let session: String
        let subject: String
        let client: String
        let issuedAt: Int64
        let issuedAtStep: Int
        let diesAt: Int64
    }

    /// What a refresh gives, as far as all stores must agree.
    enum Outcome: Equatable {
        case granted(generation: UInt32)
        case gone
        case reused
        case ahead
        case cutOff
    }

    let policy: SessionPolicy
    private(set) var sessions: [String: Session] = [:]
    /// Sessions that have ended: whose they were, and until when their refresh tokens would have been good.
    private var ended: [String: (subject: String, until: Int64)] = [:]
    private var step = 0
    private var cuts: [RevocationTarget: Int] = [:]

    init(policy: SessionPolicy) {
        self.policy = policy
    }

    mutating func begin(_ id: String, subject: String, client: String, now: Int64) -> Int {
        step += 1
        sessions[id] = Session(
            subject: subject,
            client: client,
            rotated: now,
            expires: min(now + policy.refreshLifetimeSeconds * 1000, now + policy.sessionLifetimeSeconds * 1000),
            ends: now + policy.sessionLifetimeSeconds * 1000,
            begunAtStep: step
        )
        return step
    }

    mutating func refresh(_ id: String, generation: UInt32, now: Int64) -> (Outcome, step: Int) {
        step += 1
        guard var session = sessions[id] else { return (.gone, step) }
        if now >= session.expires {
            sessions[id] = nil
            return (.gone, step)
        }
        if isCut(id, session.subject, session.client, since: session.begunAtStep) {
            return (kill(id, .cutOff, now), step)
        }
        if generation > session.generation { return (kill(id, .ahead, now), step) }
        let isRetry =
            generation + 1 == session.generation && now - session.rotated < policy.rotationGraceSeconds * 1000
        if generation < session.generation && !isRetry { return (kill(id, .reused, now), step) }
        if !isRetry {
            session.generation += 1
            session.rotated = now
            session.expires = min(now + policy.refreshLifetimeSeconds * 1000, session.ends)
            sessions[id] = session
        }
        return (.granted(generation: session.generation), step)
    }

    mutating func cut(_ target: RevocationTarget) {
        step += 1
        cuts[target] = step
    }

    mutating func end(_ id: String, now: Int64) {
        cut(.session(id))
        bury(id, now: now)
    }

    /// Ends everything of the subject that a session is of, or was of until it ended; that counts once.
    mutating func endEverywhere(from id: String, now: Int64) {
        let live = sessions[id].flatMap { now < $0.expires ? $0.subject : nil }
        let past = ended[id].flatMap { now < $0.until ? $0.subject : nil }
        guard let subject = live ?? past else { return }
        if live == nil { ended[id] = nil }
        endAll(subject)
    }

    mutating func endAll(_ subject: String) {
        cut(.subject(subject))
        for (id, session) in sessions where session.subject == subject { sessions[id] = nil }
    }

    func isRefused(_ token: Token) -> Bool {
        isCut(token.session, token.subject, token.client, since: token.issuedAtStep)
    }

    func listed(_ subject: String, now: Int64) -> Set<String> {
        Set(
            sessions.filter { id, session in
                session.subject == subject && now < session.expires
                    && !isCut(id, session.subject, session.client, since: session.begunAtStep)
            }.keys
        )
    }

    private mutating func kill(_ id: String, _ outcome: Outcome, _ now: Int64) -> Outcome {
        cuts[.session(id)] = step
        bury(id, now: now)
        return outcome
    }

    private mutating func bury(_ id: String, now: Int64) {
        guard let session = sessions.removeValue(forKey: id), now < session.expires else { return }
        ended[id] = (session.subject, session.expires)
    }

    private func isCut(_ session: String, _ subject: String, _ client: String, since begun: Int) -> Bool {
        let targets: [RevocationTarget] = [.session(session), .subject(subject), .client(client), .all]
        return targets.contains { (cuts[$0] ?? 0) > begun }
    }
}
