import RedisClient

/// Counts the requests of one limit on one event loop: in the process, or for all nodes in Redis.
///
/// When Redis cannot be asked, the process counts by the same numbers: a limit is never off, and never refuses for the
/// outage's sake. Each node then allows what all of them together are meant to.
package final class RateLimiter {
    /// How many idle checks are kept for reuse.
    static let maximumIdleChecks = 256

    private struct Sharing {
        let limits: SharedRateLimits
        let keyPrefix: String
        var byText: CommandTemplate
        var byDigest: CommandTemplate?
    }

    private let algorithm: GCRA
    private let local: LocalRateLimitTable
    private var sharing: Sharing?
    private var idleChecks: [SharedCheck] = []

    /// Counts in the process.
    package init(_ algorithm: GCRA, local: LocalRateLimitTable) {
        self.algorithm = algorithm
        self.local = local
    }

    /// Counts in Redis, and in the process while that cannot be asked.
    ///
    /// - Parameters:
    ///   - algorithm: the limit.
    ///   - local: its counts for that time.
    ///   - shared: the loop's way to Redis.
    ///   - keyPrefix: what the names of its keys begin with, its own and of no other limit.
    package init(_ algorithm: GCRA, local: LocalRateLimitTable, shared: SharedRateLimits, keyPrefix: String) {
        self.algorithm = algorithm
        self.local = local
        let front = ["EVAL", RateLimitScript.take.source, "1"]
        guard let template = CommandTemplate(front, keyPrefix: keyPrefix, Self.arguments(of: algorithm)) else { return }
        sharing = Sharing(limits: shared, keyPrefix: keyPrefix, byText: template)
    }

    /// Counts one request of a client.
    ///
    /// - Parameters:
    ///   - key: the client.
    ///   - handler: gets the decision when it comes later.
    /// - Returns: the decision, or `nil` when it comes later.
    package func take(_ key: UInt128, for handler: RateLimitHandler) -> RateLimitDecision? {
        guard sharing != nil else { return local.take(key) }
        let check = idleChecks.popLast() ?? SharedCheck()
        return check.begin(key, for: handler, owner: self)
    }

    /// Sends the question of a check.
    ///
    /// - Returns: whether the script went by its digest.
    fileprivate func ask(_ key: UInt128, for check: SharedCheck, byText: Bool) -> Bool {
        guard let limits = sharing?.limits else { return false }
        if !byText, sharing?.byDigest == nil { learnDigest() }
        if !byText, let command = sharing?.byDigest?.command(for: key) {
            limits.connection.send(command, expecting: .integer, to: check)
            return true
        }
        if let command = sharing?.byText.command(for: key) {
            limits.connection.send(command, expecting: .integer, to: check)
        }
        return false
    }

    /// The first questions carry the script, until Redis has told its digest.
    private func learnDigest() {
        guard let limits = sharing?.limits, let prefix = sharing?.keyPrefix else { return }
        guard let digest = limits.scriptDigest else { return limits.askForDigest() }
        sharing?.byDigest = CommandTemplate(
            ["EVALSHA", digest, "1"], keyPrefix: prefix, Self.arguments(of: algorithm))
    }

    fileprivate func decision(reply: Int64) -> RateLimitDecision? {
        guard let decision = algorithm.decision(reply: reply) else { return nil }
        sharing?.limits.succeeded(nowMilliseconds: local.nowMilliseconds)
        return decision
    }

    fileprivate func localDecision(_ key: UInt128, after failure: RedisFailure) -> RateLimitDecision {
        sharing?.limits.failed(failure, nowMilliseconds: local.nowMilliseconds)
        return local.take(key)
    }

    /// Takes back a check that has answered.
    fileprivate func reuse(_ check: SharedCheck) {
        if idleChecks.count < Self.maximumIdleChecks { idleChecks.append(check) }
    }

    private static func arguments(of algorithm: GCRA) -> [String] {
        [algorithm.cost, algorithm.drain, algorithm.capacity].map(String.init)
    }
}

/// One question on its way to Redis; used again and again, so that a request allocates nothing.
private final class SharedCheck: RedisReplyHandler {
    // Strong only while in flight: an idle check must not keep its owner alive.
    private var owner: RateLimiter?
    private var handler: RateLimitHandler?
    private var key: UInt128 = 0
    private var wentByDigest = false
    /// Whether the question is being put; a decision that comes meanwhile is kept for the asker.
    private var isAsking = false
    private var early: RateLimitDecision?

    func begin(_ key: UInt128, for handler: RateLimitHandler, owner: RateLimiter) -> RateLimitDecision? {
        self.owner = owner
        self.handler = handler
        self.key = key
        isAsking = true
        // Set before sending too: a refusal comes before `ask` returns, and is none of the script's.
        wentByDigest = false
        wentByDigest = owner.ask(key, for: self, byText: false)
        isAsking = false
        guard let decision = early else { return nil }
        early = nil
        owner.reuse(self)
        return decision
    }

    override func received(_ reply: RedisReply) {
        guard let owner else { return }
        finish(owner.decision(reply: reply.integer) ?? owner.localDecision(key, after: .protocolViolation))
    }

    override func failed(_ failure: RedisFailure) {
        guard let owner else { return }
        if wentByDigest, failure == .server(code: "NOSCRIPT") {
            // Nothing was counted, and the text makes Redis know the script again.
            wentByDigest = false
            _ = owner.ask(key, for: self, byText: true)
            return
        }
        finish(owner.localDecision(key, after: failure))
    }

    private func finish(_ decision: RateLimitDecision) {
        guard let owner, let handler else { return }
        self.owner = nil
        self.handler = nil
        if isAsking {
            early = decision
            return
        }
        owner.reuse(self)
        handler.decided(decision)
    }
}
