import Synchronization

/// The deny-list of a gateway without Redis: inside the process, shared by its event loops, lost when it ends.
///
/// Holds at most ``maximumEntries``; what is past its time leaves when room is needed. A full one refuses further
/// revocations rather than forget one.
package final class InProcessDenyList: RevocationWriter {
    /// How many revocations it holds unless told otherwise.
    package static let defaultMaximumEntries = 1_000_000

    /// How many revocations, and how many session cut-offs, it holds.
    package let maximumEntries: Int
    private let keys: RevocationKeys
    private let state = Mutex(State())
    /// Lets the common case, nothing revoked, pass without the lock.
    private let entryCount = Atomic<Int>(0)

    private struct Entry {
        /// `nil` is a mark: revoked whenever issued.
        var cutoffMilliseconds: Int64?
        var untilMilliseconds: Int64
        var reason = ""
    }

    private struct State {
        var revoked: [[UInt8]: Entry] = [:]
        var sessionCutoffs: [[UInt8]: Entry] = [:]
        var newestIssueMilliseconds: Int64 = 0
        /// Sweeping starts here and doubles with what is left, so its cost is spread over the insertions.
        var sweepAtCount = 1024
    }

    /// - Parameters:
    ///   - keys: the names, the same as in the queries it will be asked.
    ///   - maximumEntries: its bound.
    package init(keys: RevocationKeys, maximumEntries: Int = InProcessDenyList.defaultMaximumEntries) {
        self.keys = keys
        self.maximumEntries = maximumEntries
    }

    /// How many revocations it holds, expired ones that have not left yet included.
    package var count: Int { entryCount.load(ordering: .relaxed) }

    /// Judges a token by a query prepared with its key names.
    ///
    /// Needs no clock: what has expired concerns no live token.
    package func verdict(for query: DenyListQuery) -> RevocationVerdict {
        guard query.names.count == query.kinds.count else { return .unavailable }
        guard entryCount.load(ordering: .acquiring) > 0 else { return .clear }
        return state.withLock { state in
            var evaluation = DenyListEvaluation(issuedAtMilliseconds: query.issuedAtMilliseconds)
            for index in query.names.indices {
                guard let entry = state.revoked[query.names[index]] else { continue }
                evaluation.add(query.kinds[index], cutoffMilliseconds: entry.cutoffMilliseconds ?? .max)
            }
            return evaluation.verdict
        }
    }

    /// Writes a batch; see ``RevocationWriter``.
    package func revoke(_ revocations: [Revocation], nowMilliseconds: Int64) async throws(RevocationFailure) {
        try record(revocations, nowMilliseconds: nowMilliseconds)
    }

    /// Writes a batch at once, all or nothing.
    package func record(_ revocations: [Revocation], nowMilliseconds: Int64) throws(RevocationFailure) {
        let pending = revocations.filter { $0.untilMilliseconds > nowMilliseconds }
        let fits = state.withLock { state in
            makeRoom(in: &state, for: pending.count, nowMilliseconds: nowMilliseconds)
            let room = maximumEntries - max(state.revoked.count, state.sessionCutoffs.count)
            guard pending.count <= room else { return false }
            for revocation in pending { write(revocation, in: &state, nowMilliseconds: nowMilliseconds) }
            entryCount.store(state.revoked.count, ordering: .releasing)
            return true
        }
        guard fits else { throw .storeFull }
    }

    /// The issue instant of a new token: after every cut-off that would refuse it, and, when it begins a session, after
    /// those that would end the session.
    ///
    /// It is remembered, so that a later cut-off covers it.
    package func issueInstant(
        subject: String,
        clientID: String,
        keyID: String,
        beginsSession: Bool,
        nowMilliseconds: Int64
    ) -> Int64 {
        let targets: [RevocationTarget] = [.subject(subject), .client(clientID), .key(keyID), .all]
        return state.withLock { state in
            var instant = nowMilliseconds
            for target in targets {
                let name = keys.key(of: target, origin: .own)
                instant = max(instant, (state.revoked[Array(name.utf8)]?.cutoffMilliseconds ?? -1) + 1)
                guard beginsSession, let name = keys.sessionCutoffKey(of: target, origin: .own) else { continue }
                instant = max(instant, (state.sessionCutoffs[Array(name.utf8)]?.cutoffMilliseconds ?? -1) + 1)
            }
            state.newestIssueMilliseconds = max(state.newestIssueMilliseconds, instant)
            return instant
        }
    }

    /// The newest instant at or before which a session must have begun to be over; -1 when there is none.
    package func sessionCutoff(session: String, subject: String, clientID: String) -> Int64 {
        let targets: [RevocationTarget] = [.session(session), .subject(subject), .client(clientID), .all]
        return state.withLock { state in
            var newest: Int64 = -1
            for target in targets {
                if let name = keys.sessionCutoffKey(of: target, origin: .own) {
                    newest = max(newest, state.sessionCutoffs[Array(name.utf8)]?.cutoffMilliseconds ?? -1)
                }
                guard let entry = state.revoked[Array(keys.key(of: target, origin: .own).utf8)] else { continue }
                newest = max(newest, entry.cutoffMilliseconds ?? .max)
            }
            return newest
        }
    }

    /// Whether a token or session is marked as revoked.
    package func isMarked(_ target: RevocationTarget) -> Bool {
        let name = Array(keys.key(of: target, origin: .own).utf8)
        return state.withLock { $0.revoked[name] != nil }
    }

    /// What is in force, by name without the prefix and `revoked:`.
    func namesInForce(
        nowMilliseconds: Int64
    ) -> [(name: String, cutoffMilliseconds: Int64?, untilMilliseconds: Int64, reason: String)] {
        let revoked = state.withLock { $0.revoked }
        let prefix = Array("\(keys.prefix)revoked:".utf8)
        return revoked.compactMap { name, entry in
            guard entry.untilMilliseconds > nowMilliseconds, name.starts(with: prefix) else { return nil }
            let text = String(decoding: name.dropFirst(prefix.count), as: UTF8.self)
            return (text, entry.cutoffMilliseconds, entry.untilMilliseconds, entry.reason)
        }
    }

    private static func newestIssue(in state: State, nowMilliseconds: Int64) -> Int64 {
        let limit = EpochMilliseconds.sum(nowMilliseconds, RevocationScripts.maximumClockSkewMilliseconds)
        return min(state.newestIssueMilliseconds, limit)
    }

    private func write(_ revocation: Revocation, in state: inout State, nowMilliseconds: Int64) {
        let newest = Self.newestIssue(in: state, nowMilliseconds: nowMilliseconds)
        let name = Array(keys.key(of: revocation.target, origin: revocation.origin).utf8)
        var lead: Int64 = 0
        var cutoff = revocation.cutoffMilliseconds
        if let wanted = cutoff {
            let raised = wanted >= nowMilliseconds ? max(wanted, newest) : wanted
            lead = max(0, raised - nowMilliseconds)
            cutoff = max(raised, state.revoked[name]?.cutoffMilliseconds ?? -1)
        } else {
            lead = revocation.target.kind == .session ? max(0, newest - nowMilliseconds) : 0
        }
        let until = EpochMilliseconds.sum(revocation.untilMilliseconds, lead)
        state.revoked[name] = Entry(
            cutoffMilliseconds: cutoff,
            untilMilliseconds: max(until, state.revoked[name]?.untilMilliseconds ?? 0),
            reason: revocation.reason
        )
        guard
            revocation.sessionCutoffLifeMilliseconds > 0,
            let session = keys.sessionCutoffKey(of: revocation.target, origin: revocation.origin)
        else { return }
        let sessionName = Array(session.utf8)
        let old = state.sessionCutoffs[sessionName]
        let life = EpochMilliseconds.sum(nowMilliseconds, revocation.sessionCutoffLifeMilliseconds)
        state.sessionCutoffs[sessionName] = Entry(
            cutoffMilliseconds: max(cutoff ?? max(nowMilliseconds, newest), old?.cutoffMilliseconds ?? -1),
            untilMilliseconds: max(life, old?.untilMilliseconds ?? 0)
        )
    }

    private func makeRoom(in state: inout State, for incoming: Int, nowMilliseconds: Int64) {
        let count = max(state.revoked.count, state.sessionCutoffs.count) + incoming
        guard count >= min(state.sweepAtCount, maximumEntries) else { return }
        state.revoked = state.revoked.filter { $0.value.untilMilliseconds > nowMilliseconds }
        state.sessionCutoffs = state.sessionCutoffs.filter { $0.value.untilMilliseconds > nowMilliseconds }
        state.sweepAtCount = max(1024, 2 * max(state.revoked.count, state.sessionCutoffs.count))
    }
}
