package import Logging
import Synchronization

/// What the store says of an API key.
package enum APIKeyVerdict: Sendable {
    /// The secret is right, and nothing is against the key.
    case valid(APIKey)
    /// No such key, or another secret: never told apart.
    case unknown
    /// It was revoked.
    case revoked
    /// Its time is over.
    case expired
    /// Its owner is disabled.
    case ownerDisabled
}

/// Checks API keys and clients against a store, on threads of its own behind a bounded queue.
///
/// Apart from the hashing pool, so that a burst of logins holds up no machine.
package final class MachineAuthenticator: Sendable {
    /// How many look-ups may wait for a thread.
    package static let queueCapacity = 256
    /// How many keys whose use is not written down yet are remembered; others are not noted.
    static let notedKeyLimit = 10_000

    private let store: any MachineCredentialStoring
    private let loadHasher: @Sendable () throws(CredentialError) -> SecretHasher
    private let hasher = Mutex<SecretHasher?>(nil)
    private let queue: WorkQueue
    private let uses = Mutex<[APIKeyID: Int64]>([:])
    private let clock: @Sendable () -> Int64
    private let logger: Logger

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - store: where clients and keys are.
    ///   - threadCount: how many look-ups run at once.
    ///   - queueCapacity: how many may wait.
    ///   - hasher: makes the hasher when it is needed first; asked again after a failure, so that a pepper can come later.
    ///   - clock: milliseconds since 1970.
    ///   - logger: told when the store cannot be used.
    /// - Throws: `overloaded` when the system gives no more threads.
    package init(
        store: any MachineCredentialStoring, threadCount: Int = 2,
        queueCapacity: Int = MachineAuthenticator.queueCapacity,
        hasher: @escaping @Sendable () throws(CredentialError) -> SecretHasher,
        clock: @escaping @Sendable () -> Int64, logger: Logger
    ) throws(CredentialError) {
        self.store = store
        loadHasher = hasher
        self.clock = clock
        self.logger = logger
        queue = WorkQueue(threadCount: threadCount, capacity: queueCapacity)
        guard queue.start() else { throw CredentialError(.overloaded, detail: "no threads for look-ups") }
    }

    deinit {
        queue.stop()
    }

    // MARK: - API keys

    /// Looks an API key up and checks its secret.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - completion: hears exactly once, on a thread of the queue, or at once when the queue is full or stopped.
    package func check(
        _ key: APIKeyText, completion: @escaping @Sendable (Result<APIKeyVerdict, CredentialError>) -> Void
    ) {
        submit({ [self] () throws(CredentialError) in try verdict(of: key) }, completion)
    }

    private func verdict(of key: APIKeyText) throws(CredentialError) -> APIKeyVerdict {
        let hash = try key.hash(by: currentHasher())
        guard let record = try store.find(key.id), record.secretHash.matches(hash) else { return .unknown }
        if record.key.revokedAtMilliseconds != nil { return .revoked }
        if let expiry = record.key.expiresAtMilliseconds, expiry <= clock() { return .expired }
        if record.isOwnerDisabled { return .ownerDisabled }
        return .valid(record.key)
    }

    /// Notes that a key was used; some seconds later ``flushUses()`` should be called.
    ///
    /// - Returns: whether it is the first that was noted since the last time they were written.
    package func noteUse(of id: APIKeyID, atMilliseconds milliseconds: Int64) -> Bool {
        uses.withLock { uses in
            guard uses.count < Self.notedKeyLimit || uses[id] != nil else { return false }
            uses[id] = max(milliseconds, uses[id] ?? 0)
            return uses.count == 1
        }
    }

    /// Has what was noted written to the store, soon.
    ///
    /// What cannot be written is dropped: it is not worth holding up anybody.
    package func flushUses() {
        submit({ [self] () throws(CredentialError) in try writeUses() }, { _ in })
    }

    private func writeUses() throws(CredentialError) {
        let noted = uses.withLock { uses in
            defer { uses = [:] }
            return uses
        }
        do throws(CredentialError) {
            try store.noteUses(noted)
        } catch {
            logger.warning("the last use of API keys could not be written", metadata: ["code": "\(error.code)"])
        }
    }

    // MARK: - Clients

    /// Authenticates a client by its secret, or takes a public one at its word.
    ///
    /// A wrong secret takes as long as an unknown client: one look-up and one hash.
    ///
    /// - Parameters:
    ///   - id: the identifier as it was sent.
    ///   - secret: the secret as it was sent; `nil` when none was.
    /// - Returns: the client.
    /// - Throws: `invalidCredentials` for every wrong answer alike; `overloaded`, `shutDown` or `unavailable` when no
    ///   answer could be found.
    package func authenticate(client id: String, secret: String?) async throws(CredentialError) -> Client {
        try await perform { [self] () throws(CredentialError) in
            let record: ClientRecord? =
                if let id = try? ClientID(id) { try store.find(id) } else { nil }
            // The pepper comes with the first client: without one, nobody is kept out by its absence.
            guard record != nil || hasher.withLock({ $0 }) != nil else { throw CredentialError(.invalidCredentials) }
            let hasher = try currentHasher()
            let presented = try hasher.hash((secret ?? "").utf8, of: id, for: .client)
            guard let record, !record.client.isDisabled else { throw CredentialError(.invalidCredentials) }
            switch (record.secretHash, secret) {
            case (nil, nil): return record.client
            case (let hash?, .some) where hash.matches(presented): return record.client
            default: throw CredentialError(.invalidCredentials)
            }
        }
    }

    // MARK: - Work

    /// Runs a call to the store on a thread of the queue.
    ///
    /// - Returns: what the work returns.
    /// - Throws: `overloaded` at once when the queue is full, `shutDown`, and what the work throws.
    package func perform<Value: Sendable>(
        _ work: @escaping @Sendable () throws(CredentialError) -> Value
    ) async throws(CredentialError) -> Value {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, CredentialError>, Never>) in
            submit(work) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Writes what was noted, refuses new work, and returns when the threads have ended.
    package func shutDown() async {
        flushUses()
        queue.stop()
        await queue.waitUntilDrained()
    }

    private func submit<Value: Sendable>(
        _ work: @escaping @Sendable () throws(CredentialError) -> Value,
        _ completion: @escaping @Sendable (Result<Value, CredentialError>) -> Void
    ) {
        let refusal = queue.submit(
            WorkQueue.Job(
                id: queue.makeID(),
                perform: { [logger] in
                    let result = Result(catching: work)
                    if case .failure(let error) = result, error.isTemporary {
                        logger.warning("credentials unavailable", metadata: ["code": "\(error.code)"])
                    }
                    return { completion(result) }
                },
                abandon: { completion(.failure(CredentialError(.cancelled))) }))
        if let refusal { completion(.failure(refusal)) }
    }

    private func currentHasher() throws(CredentialError) -> SecretHasher {
        if let hasher = hasher.withLock({ $0 }) { return hasher }
        let loaded = try loadHasher()
        hasher.withLock { $0 = loaded }
        return loaded
    }
}
