package import Logging
import Synchronization

/// Writes revocations, and keeps to those it could not write: this node refuses what they name from then on, and writes
/// them when the store is back.
///
/// Whoever asked is told of the failure all the same, since other nodes do not know of it.
package final class PersistentRevocationWriter: RevocationWriter {
    /// How many revocations wait to be written at most; further ones are refused here, but not written later.
    package static let maximumPending = 10_000
    private static let batchLimit = 100
    private static let pause = Duration.milliseconds(200)

    private let inner: any RevocationWriter
    private let mirror: RevocationMirror
    private let acknowledgement: NodeAcknowledgement?
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    private struct State {
        var pending: [Revocation] = []
        var retry: Task<Void, Never>?
        var isStopped = false
    }

    /// - Parameters:
    ///   - inner: writes to the store.
    ///   - mirror: what this node refuses by.
    ///   - acknowledgement: waits for the other nodes; `nil` when the store is enough.
    ///   - logger: told when revocations wait, and when they have been written.
    ///   - clock: the wall clock, milliseconds since 1970.
    package init(
        inner: any RevocationWriter, mirror: RevocationMirror, acknowledgement: NodeAcknowledgement?, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.inner = inner
        self.mirror = mirror
        self.acknowledgement = acknowledgement
        self.logger = logger
        self.clock = clock
    }

    /// How many revocations wait to be written.
    package var pendingCount: Int { state.withLock { $0.pending.count } }

    /// Writes a batch; see ``RevocationWriter``.
    package func revoke(_ revocations: [Revocation], nowMilliseconds: Int64) async throws(RevocationFailure) {
        let lossCount = lossCount
        do {
            try await inner.revoke(revocations, nowMilliseconds: nowMilliseconds)
        } catch {
            refuse(revocations, nowMilliseconds: nowMilliseconds)
            throw error
        }
        try await written(revocations, since: lossCount, nowMilliseconds: nowMilliseconds)
    }

    /// How often the store was found to have lost something; to be read before anything is written.
    package var lossCount: UInt64 { mirror.lossCount }

    /// Revocations have been written, here or by a script of another: this node refuses what they name at once, and
    /// waits for the others if that is wanted.
    /// - Parameters:
    ///   - revocations: what was written.
    ///   - lossCount: ``lossCount`` from before it was written.
    ///   - nowMilliseconds: the wall clock.
    /// - Throws: ``RevocationFailure`` when the store may have lost it again, or the others do not follow; it is written
    ///   once more then.
    package func written(
        _ revocations: [Revocation], since lossCount: UInt64, nowMilliseconds: Int64
    ) async throws(RevocationFailure) {
        know(revocations, nowMilliseconds: nowMilliseconds)
        // A loss found after this finds them in memory, and has them written again.
        let epoch = mirror.epoch
        do throws(RevocationFailure) {
            guard mirror.lossCount == lossCount else { throw .lost }
            guard let acknowledgement else { return }
            guard let epoch else { throw .unavailable(detail: "stream not read yet") }
            try await acknowledgement.wait(epoch: epoch)
        } catch {
            if error == .lost { refuse(revocations, nowMilliseconds: nowMilliseconds) }
            throw error
        }
    }

    /// Refuses what could not be revoked, on this node at once, and on all when the store takes it.
    package func refuse(_ revocations: [Revocation], nowMilliseconds: Int64) {
        know(revocations, nowMilliseconds: nowMilliseconds)
        let room = state.withLock { state in
            guard !state.isStopped else { return Self.maximumPending }
            let room = max(0, Self.maximumPending - state.pending.count)
            state.pending.append(contentsOf: revocations.prefix(room))
            if state.retry == nil, !state.pending.isEmpty { state.retry = Task { await self.retry() } }
            return room
        }
        guard revocations.count > room else { return }
        logger.error("too many revocations wait for the store: the latest are kept by this node alone")
    }

    /// Stops trying.
    package func shutdown() async {
        let retry = state.withLock { state in
            state.isStopped = true
            return state.retry
        }
        retry?.cancel()
        await retry?.value
    }

    private func know(_ revocations: [Revocation], nowMilliseconds: Int64) {
        guard mirror.index.insert(revocations.map { RevocationEntry($0) }, nowMilliseconds: nowMilliseconds) else {
            return logger.error("the mirror of revocations is full")
        }
        mirror.tellListeners()
    }

    private func retry() async {
        logger.warning("revocations could not be written, this node keeps to them and tries again")
        while !Task.isCancelled {
            let batch = state.withLock { state -> [Revocation] in
                if state.pending.isEmpty { state.retry = nil }
                return Array(state.pending.prefix(Self.batchLimit))
            }
            guard !batch.isEmpty else { return logger.notice("revocations that waited have been written") }
            do throws(RevocationFailure) {
                try await inner.revoke(batch, nowMilliseconds: clock())
                state.withLock { $0.pending.removeFirst(batch.count) }
            } catch {
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
