import JOSE
import Revocation
import Sessions
import StoreTestSupport
import TestSupport
import Testing

@Suite("Sessions against a model")
struct ModelTests {
    @Test(
        "whatever happens in whatever order, a store does what the model says", arguments: SessionHarness.Kind.allCases)
    func random(kind: SessionHarness.Kind) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("model seed \(seed)")
        let policy = SessionHarness.policy(grace: 10, access: 300, refresh: 2000, session: 5000)
        try await SessionHarness.with(kind, policy: policy) { harness in
            var run = ModelRun(harness: harness, seed: seed)
            for _ in 0..<1500 { try await run.step() }
            #expect(run.kindsOfOutcome == 5, "every outcome came up (seed \(seed))")
        }
    }
}

/// One random run: acts on a store and on the model, and compares.
struct ModelRun {
    private let harness: SessionHarness
    private let seed: UInt64
    private var random: SeededGenerator
    private var model: SessionModel
    private var tokens: [SessionModel.Token] = []
    private var known: [(id: String, subject: String, client: String)] = []
    private var seen: Set<String> = []
    private let subjects = ["alice", "bob", "carol"]
    private let clients = ["web", "cli"]

    init(harness: SessionHarness, seed: UInt64) {
        self.harness = harness
        self.seed = seed
        random = SeededGenerator(seed: seed)
        model = SessionModel(policy: harness.policy)
    }

    var kindsOfOutcome: Int { seen.count }
    private var now: Int64 { harness.clock.milliseconds }
    private var keyID: String { harness.signingKeys.signer.keyID }

    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: try await begin()
        case 20..<60: try await refresh()
        case 60..<64: try await end()
        case 64..<67: try await endAll()
        case 67..<70: try await revoke()
        case 70..<78: harness.clock.advance(byMilliseconds: Int64.random(in: 1...5000, using: &random))
        case 78..<79: harness.clock.advance(bySeconds: Int64.random(in: 10...2100, using: &random))
        case 79..<82: try await list()
        default: try await check()
        }
    }

    private mutating func begin() async throws {
        let id = (0..<32).map { _ in String(UInt8.random(in: 0..<16, using: &random), radix: 16) }.joined()
        let subject = pick(subjects)
        let client = pick(clients)
        let new = NewSession(id: id, subject: subject, clientID: client, scope: .none, keyID: keyID)
        let grant = try await harness.store.begin(new, policy: harness.policy, nowMilliseconds: now)
        let step = model.begin(id, subject: subject, client: client, now: now)
        known.append((id, subject, client))
        remember(grant, step)
    }

    private mutating func refresh() async throws {
        guard let (id, _, _) = known.suffix(8).randomElement(using: &random) else { return }
        let current = model.sessions[id]?.generation ?? 1
        // Mostly the current one, sometimes the one before, seldom older or newer.
        let shift = [0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -2, 1].randomElement(using: &random) ?? 0
        let generation = UInt32(
            max(1, Int(current) + (Int.random(in: 0..<4, using: &random) == 0 ? shift : min(shift, 0))))
        let request = RotationRequest(
            sessionID: id, generation: generation, clientID: nil, scope: nil, keyID: keyID)
        let outcome = try await harness.store.rotate(request, policy: harness.policy, nowMilliseconds: now)
        let (expected, step) = model.refresh(id, generation: generation, now: now)
        let actual: SessionModel.Outcome? =
            switch outcome {
            case .rotated(let grant), .retried(let grant): .granted(generation: grant.session.generation)
            case .absent, .expired: .gone
            case .reused: .reused
            case .ahead: .ahead
            case .cutOff: .cutOff
            case .otherClient, .scopeExceeded: nil
            }
        try #require(actual == expected, "seed \(seed)")
        if case .granted = expected { seen.insert("granted") } else { seen.insert("\(expected)") }
        if case .rotated(let grant) = outcome { remember(grant, step) }
        if case .retried(let grant) = outcome { remember(grant, step) }
    }

    private mutating func end() async throws {
        guard let (id, subject, _) = known.suffix(8).randomElement(using: &random) else { return }
        let isOwner = Bool.random(using: &random)
        let required = isOwner ? subject : "mallory"
        let end = SessionEnd(sessionID: id, requiredSubject: required, token: nil, reason: .logout)
        let isThere = model.sessions[id].map { now < $0.expires } ?? false
        let ended = try await harness.store.end(end, policy: harness.policy, nowMilliseconds: now)
        if isOwner && isThere {
            try #require(ended?.id == id, "seed \(seed)")
            model.end(id)
        } else if !isOwner {
            try #require(ended == nil, "seed \(seed)")
        } else if ended != nil {
            // One past its time is there or gone, as the store likes; what is ended is ended.
            model.end(id)
        }
    }

    private mutating func endAll() async throws {
        let subject = pick(subjects)
        _ = try await harness.store.endAll(
            subject: subject, token: nil, reason: .logoutEverywhere, policy: harness.policy, nowMilliseconds: now)
        model.endAll(subject)
    }

    private mutating func revoke() async throws {
        var targets: [RevocationTarget] = [.subject(pick(subjects)), .client(pick(clients)), .all]
        if let (id, _, _) = known.suffix(8).randomElement(using: &random) { targets.append(.session(id)) }
        let target = pick(targets)
        try await harness.revoke(target)
        model.cut(target)
    }

    private mutating func list() async throws {
        let subject = pick(subjects)
        let listed = try await harness.store.sessions(of: subject, nowMilliseconds: now).map(\.id)
        try #require(Set(listed) == model.listed(subject, now: now), "seed \(seed)")
        try #require(Set(listed).count == listed.count, "seed \(seed)")
    }

    private mutating func check() async throws {
        let now = self.now
        tokens.removeAll { $0.diesAt <= now }
        guard let token = tokens.randomElement(using: &random) else { return }
        let verdict = try await harness.verdict(
            token: token.id, session: token.session, subject: token.subject, client: token.client,
            issuedAt: token.issuedAt)
        try #require((verdict != .clear) == model.isRefused(token), "seed \(seed)")
        try #require(verdict != .unavailable, "seed \(seed)")
    }

    private mutating func remember(_ grant: SessionGrant, _ step: Int) {
        tokens.append(
            SessionModel.Token(
                id: "jti-\(step)",
                session: grant.session.id,
                subject: grant.session.subject,
                client: grant.session.clientID,
                issuedAt: grant.issuedAtMilliseconds,
                issuedAtStep: step,
                diesAt: now + (harness.policy.accessLifetimeSeconds + harness.policy.leewaySeconds) * 1000
            )
        )
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
