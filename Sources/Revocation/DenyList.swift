package import RedisClient

/// Asks whether tokens are revoked, on one event loop; one for each loop.
package final class DenyList {
    /// How many idle checks are kept for reuse.
    static let maximumIdleChecks = 1024

    private enum Backing {
        case redis(RedisConnection)
        case inProcess(InProcessDenyList)
    }

    private let backing: Backing
    private var idleChecks: [DenyListCheck] = []

    /// Asks Redis; queries need ``DenyListQuery/Forms/command``.
    /// - Parameter connection: the connection of the loop this is used on.
    package init(connection: RedisConnection) {
        backing = .redis(connection)
        idleChecks.reserveCapacity(Self.maximumIdleChecks)
    }

    /// Asks a store inside the process; queries need ``DenyListQuery/Forms/names``.
    package init(inProcess store: InProcessDenyList) {
        backing = .inProcess(store)
    }

    /// Asks about one token.
    ///
    /// The handler is called exactly once, perhaps before this returns.
    package func check(_ query: DenyListQuery, for handler: VerdictHandler) {
        switch backing {
        case .inProcess(let store):
            handler.decided(store.verdict(for: query))
        case .redis(let connection):
            let check = idleChecks.popLast() ?? DenyListCheck()
            check.begin(query, for: handler, owner: self)
            connection.send(query.command, expecting: .array(count: query.kinds.count), to: check)
        }
    }

    /// Takes back a check that has answered.
    fileprivate func reuse(_ check: DenyListCheck) {
        if idleChecks.count < Self.maximumIdleChecks { idleChecks.append(check) }
    }
}

/// One question on its way to Redis; used again and again, so that a check allocates nothing.
private final class DenyListCheck: RedisReplyHandler {
    // Strong only while in flight: an idle check must not keep its owner alive.
    private var owner: DenyList?
    private var query: DenyListQuery?
    private var handler: VerdictHandler?

    func begin(_ query: DenyListQuery, for handler: VerdictHandler, owner: DenyList) {
        self.owner = owner
        self.query = query
        self.handler = handler
    }

    override func received(_ reply: RedisReply) {
        guard let query, reply.count == query.kinds.count else { return finish(.unavailable) }
        var evaluation = DenyListEvaluation(issuedAtMilliseconds: query.issuedAtMilliseconds)
        for index in 0..<reply.count {
            let element = reply[index]
            switch element.kind {
            case .null: continue
            case .bulk: element.withBytes { evaluation.add(query.kinds[index], value: $0) }
            case .integer, .status, .array, .error: evaluation.addUnintelligible()
            }
        }
        finish(evaluation.verdict)
    }

    override func failed(_ failure: RedisFailure) {
        finish(.unavailable)
    }

    private func finish(_ verdict: RevocationVerdict) {
        guard let handler, let owner else { return }
        self.handler = nil
        self.owner = nil
        query = nil
        owner.reuse(self)
        handler.decided(verdict)
    }
}
