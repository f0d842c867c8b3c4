import Revocation
import Sessions
import Synchronization

/// A store whose next operation can be made to fail: before it is written, or after, with its reply lost.
final class FaultyStore: SessionStore {
    enum Fault: CaseIterable {
        case beforeWrite
        case replyLost
    }

    private struct State {
        var next: Fault?
        var lastBegun: String?
    }

    private let store: any SessionStore
    private let state = Mutex(State())

    init(_ store: any SessionStore) {
        self.store = store
    }

    /// What becomes of the next operation, which uses it up.
    var next: Fault? {
        get { state.withLock { $0.next } }
        set { state.withLock { $0.next = newValue } }
    }

    /// The session begun last, whose id nobody hears when the reply is lost.
    var lastBegun: String? { state.withLock { $0.lastBegun } }

    private func perform<Value: Sendable>(
        _ operation: () async throws(RevocationFailure) -> Value
    ) async throws(RevocationFailure) -> Value {
        let fault = state.withLock { $0.next.take() }
        if fault == .beforeWrite { throw .unavailable(detail: "before") }
        let value = try await operation()
        if fault == .replyLost { throw .unavailable(detail: "after") }
        return value
    }

    func begin(
        _ session: NewSession, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionGrant {
        state.withLock { $0.lastBegun = session.id }
        return try await perform { () throws(RevocationFailure) in
            try await store.begin(session, policy: policy, nowMilliseconds: nowMilliseconds)
        }
    }

    func issueInstant(
        subject: String, clientID: String, keyID: String, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> Int64 {
        try await perform { () throws(RevocationFailure) in
            try await store.issueInstant(
                subject: subject, clientID: clientID, keyID: keyID, policy: policy, nowMilliseconds: nowMilliseconds)
        }
    }

    func rotate(
        _ request: RotationRequest, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RotationOutcome {
        try await perform { () throws(RevocationFailure) in
            try await store.rotate(request, policy: policy, nowMilliseconds: nowMilliseconds)
        }
    }

    func end(
        _ end: SessionEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        try await perform { () throws(RevocationFailure) in
            try await store.end(end, policy: policy, nowMilliseconds: nowMilliseconds)
        }
    }

    func endAll(
        _ end: SubjectEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> EndedSubject? {
        try await perform { () throws(RevocationFailure) in
            try await store.endAll(end, policy: policy, nowMilliseconds: nowMilliseconds)
        }
    }

    func sessions(
        of subject: String, after cursor: SessionCursor?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> [SessionRecord] {
        try await perform { () throws(RevocationFailure) in
            try await store.sessions(of: subject, after: cursor, limit: limit, nowMilliseconds: nowMilliseconds)
        }
    }

    func session(_ id: String, nowMilliseconds: Int64) async throws(RevocationFailure) -> SessionRecord? {
        try await perform { () throws(RevocationFailure) in
            try await store.session(id, nowMilliseconds: nowMilliseconds)
        }
    }
}
