import JOSE
import Revocation
import Sessions
import StoreTestSupport
import TestSupport
import Testing

@Suite("Sessions against a model")
struct ModelTests {
    @Test(
        "whatever happens in whatever order, and wherever it breaks, the service does what the model says",
        arguments: SessionHarness.Kind.allCases, [10, 0])
    func random(kind: SessionHarness.Kind, graceSeconds: Int64) async throws {
        let policy = SessionHarness.policy(grace: graceSeconds, access: 300, refresh: 2000, session: 5000)
        try await SessionHarness.with(kind, policy: policy) { harness in
            var run = try ModelRun(harness, .announced("sessions, \(kind), grace of \(graceSeconds) s"))
            for _ in 0..<1500 { try await run.step() }
            #expect(run.seen == ["granted", "gone", "reused", "ahead", "cutOff", "beforeWrite", "replyLost"])
        }
    }
}

/// One random run: acts on a service and on the model, and compares.
///
/// Now and then the store fails. Of what fails before it is written the model hears nothing; what is written though the
/// reply is lost it carries out too, while whoever asked is told only that it failed.
struct ModelRun {
    private let harness: SessionHarness
    private let store: FaultyStore
    private let service: SessionService
    private let sealer: RefreshTokenSealer
    private var random: SeededGenerator
    private var model: SessionModel
    private var tokens: [SessionModel.Token] = []
    private var known: [(id: String, subject: String)] = []
    private(set) var seen: Set<String> = []
    private let subjects = ["alice", "bob", "carol"]
    private let clients = ["web", "cli"]

    init(_ harness: SessionHarness, _ random: SeededGenerator) throws {
        self.harness = harness
        self.random = random
        store = FaultyStore(harness.store)
        service = try SessionService(
            policy: harness.policy, signingKeys: harness.signingKeys, store: store,
            clock: { [clock = harness.clock] in clock.milliseconds }, audit: { _ in })
        sealer = try RefreshTokenSealer(keys: harness.signingKeys.refreshKeys, issuer: harness.policy.issuer)
        model = SessionModel(policy: harness.policy)
    }

    private var now: Int64 { harness.clock.milliseconds }

    mutating func step() async throws {
        switch random.below(100) {
        case 0..<20: try await begin()
        case 20..<60: try await refresh()
        case 60..<64: try await end()
        case 64..<67: try await endEverywhere()
        case 67..<70: try await revoke()
        case 70..<78: harness.clock.advance(byMilliseconds: Int64.random(in: 1...5000, using: &random))
        case 78..<79: harness.clock.advance(bySeconds: Int64.random(in: 10...2100, using: &random))
        case 79..<82: try await list()
        default: try await check()
        }
    }

    /// Performs one operation of the service, perhaps with a fault.
    /// - Returns: what came of it, `nil` when it failed by the fault; and whether it was carried out.
    private mutating func perform<Value>(
        _ operation: () async throws(SessionError) -> Value
    ) async throws -> (result: Result<Value, SessionError>?, isDone: Bool) {
        let fault = random.below(8) == 0 ? pick(FaultyStore.Fault.allCases) : nil
        store.next = fault
        let result: Result<Value, SessionError>
        do {
            result = .success(try await operation())
        } catch {
            result = .failure(error)
        }
        try #require(store.next == nil, "the store was asked")
        guard let fault else { return (result, true) }
        seen.insert("\(fault)")
        guard case .failure(.unavailable) = result else {
            Issue.record("a fault passed for \(result)")
            return (nil, fault == .replyLost)
        }
        return (nil, fault == .replyLost)
    }

    private mutating func begin() async throws {
        let (subject, client, service) = (pick(subjects), pick(clients), service)
        let (result, isDone) = try await perform { () throws(SessionError) in
            try await service.begin(subject: subject, clientID: client, scope: .none)
        }
        guard isDone, let id = store.lastBegun else { return }
        let step = model.begin(id, subject: subject, client: client, now: now)
        known.append((id, subject))
        if let tokens = try result?.get() { try remember(tokens, step) }
    }

    private mutating func refresh() async throws {
        guard let id = known.suffix(8).randomElement(using: &random)?.id else { return }
        let service = service
        let generation = presentedGeneration(of: id)
        let token = try sealer.seal(RefreshToken(sessionID: id, generation: generation))
        let (result, isDone) = try await perform { () throws(SessionError) in try await service.refresh(token) }
        guard isDone else { return }
        let (expected, step) = model.refresh(id, generation: generation, now: now)
        guard let result else { return }
        switch (result, expected) {
        case (.success(let issued), .granted(let generation)):
            let successor = try sealer.seal(RefreshToken(sessionID: id, generation: generation))
            try #require(issued.refreshToken == successor)
            try remember(issued, step)
            seen.insert("granted")
        case (.failure(.invalidGrant(.unknownSession)), .gone), (.failure(.invalidGrant(.expired)), .gone),
            (.failure(.invalidGrant(.reused)), .reused), (.failure(.invalidGrant(.ahead)), .ahead),
            (.failure(.invalidGrant(.revoked)), .cutOff):
            seen.insert("\(expected)")
        default:
            try #require(Bool(false), "\(result) for \(expected)")
        }
    }

    /// Mostly the current one, sometimes the one before, seldom older or newer.
    private mutating func presentedGeneration(of id: String) -> UInt32 {
        let current = Int(model.sessions[id]?.generation ?? 1)
        let shift = pick([0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -2, 1])
        return UInt32(max(1, current + (random.below(4) == 0 ? shift : min(shift, 0))))
    }

    private mutating func end() async throws {
        guard let (id, subject) = known.suffix(8).randomElement(using: &random) else { return }
        let service = service
        switch random.below(3) {
        case 0:
            let token = try sealer.seal(RefreshToken(sessionID: id, generation: presentedGeneration(of: id)))
            let (_, isDone) = try await perform { () throws(SessionError) in
                try await service.logOut(refreshToken: token)
            }
            if isDone { model.end(id, now: now) }
        case 1:
            let (result, _) = try await perform { () throws(SessionError) in
                try await service.end(sessionID: id, ownedBy: "mallory")
            }
            if let result { try #require(try result.get() == false) }
        default:
            let isLive = model.sessions[id].map { now < $0.expires } ?? false
            let (result, isDone) = try await perform { () throws(SessionError) in
                try await service.end(sessionID: id, ownedBy: subject)
            }
            guard isDone else { return }
            let isEnded = try result?.get() ?? isLive
            // One past its time is there or gone, as the store likes.
            if isLive { try #require(isEnded) }
            if isEnded { model.end(id, now: now) }
        }
    }

    private mutating func endEverywhere() async throws {
        let service = service
        if let id = known.suffix(8).randomElement(using: &random)?.id, random.below(2) == 0 {
            let token = try sealer.seal(RefreshToken(sessionID: id, generation: presentedGeneration(of: id)))
            let (_, isDone) = try await perform { () throws(SessionError) in
                try await service.logOut(refreshToken: token, everywhere: true)
            }
            if isDone { model.endEverywhere(from: id, now: now) }
        } else {
            let subject = pick(subjects)
            let (_, isDone) = try await perform { () throws(SessionError) in
                try await service.endAll(subject: subject)
            }
            if isDone { model.endAll(subject) }
        }
    }

    private mutating func revoke() async throws {
        var targets: [RevocationTarget] = [.subject(pick(subjects)), .client(pick(clients)), .all]
        if let (id, _) = known.suffix(8).randomElement(using: &random) { targets.append(.session(id)) }
        let target = pick(targets)
        try await harness.revoke(target)
        model.cut(target)
    }

    private mutating func list() async throws {
        let (subject, limit, service) = (pick(subjects), 1 + random.below(5), service)
        var listed: [String] = []
        var cursor: SessionCursor?
        repeat {
            let after = cursor
            let (result, _) = try await perform { () throws(SessionError) in
                try await service.sessions(of: subject, after: after, limit: limit)
            }
            guard let page = try result?.get() else { continue }
            try #require(page.sessions.count <= limit)
            listed += page.sessions.map(\.id)
            cursor = page.next
            if cursor == nil { break }
        } while true
        try #require(Set(listed) == model.listed(subject, now: now))
        try #require(Set(listed).count == listed.count)
    }

    private mutating func check() async throws {
        let now = self.now
        tokens.removeAll { $0.diesAt <= now }
        guard let token = tokens.randomElement(using: &random) else { return }
        let verdict = try await harness.verdict(
            token: token.id, session: token.session, subject: token.subject, client: token.client,
            issuedAt: token.issuedAt)
        try #require((verdict != .clear) == model.isRefused(token))
        try #require(verdict != .unavailable)
    }

    private mutating func remember(_ issued: IssuedTokens, _ step: Int) throws {
        let token = try harness.verify(issued.accessToken)
        tokens.append(
            SessionModel.Token(
                id: token.tokenID,
                session: issued.sessionID,
                subject: token.subject,
                client: try #require(token.clientID),
                issuedAt: TimeOrderedID.issueInstant(
                    tokenID: token.tokenID, issuedAtSeconds: token.issuedAt.seconds, origin: .own),
                issuedAtStep: step,
                diesAt: (token.expiresAt.seconds + harness.policy.leewaySeconds) * 1000
            )
        )
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[random.below(elements.count)]
    }
}
