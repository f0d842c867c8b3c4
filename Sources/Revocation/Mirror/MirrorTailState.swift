/// What the tail of the stream does next: a value without sockets or clocks.
///
/// A round asks where the stream stands, then reads on from there, waiting a while for the next entry. A round that was
/// read to its end proves that nothing written before it began is missing; the mirror may answer for a while from then.
///
/// Whatever shows that something may have been missed (the entry read last is gone, entries after it were taken out,
/// the stream ends before it, `epoch` is another) is acted on before anything is trusted again. What is known is kept in
/// any case: a revocation is never taken back.
package struct MirrorTailState: Sendable {
    /// What to do.
    package enum Action: Sendable, Hashable {
        /// Ask where the stream stands.
        case stand(Question)
        /// Read on, waiting at the end of the stream.
        case read(after: StreamPosition)
        /// Write again what Redis has lost, then say ``restored(now:)``.
        case restore(DataLoss)
        /// Nothing until another event.
        case none
    }

    /// What to ask with.
    package struct Question: Sendable, Hashable {
        /// The entry that must still be there.
        package var read: StreamPosition?
        /// Whether to take or renew the lease.
        package var takesLease: Bool
        /// What has been applied.
        package var applied: StreamPosition
    }

    /// What was found missing.
    package enum DataLoss: Sendable, Hashable {
        /// The epoch is another: this Redis has lost everything, or is another one.
        ///
        /// `isKnown` says whether all that it had is known here.
        case everything(isKnown: Bool)
        /// The stream ends before what was read of it, or lacks it: the latest is lost.
        case latest
    }

    /// What the operator is told.
    package enum Notice: Sendable, Hashable {
        /// There was no `epoch` at the first contact: Redis is new, or had lost its data before.
        case newStore
        /// Entries may be missing; Redis is asked for each request until they cannot matter any more.
        case gap
    }

    private enum Phase: Sendable, Hashable {
        case disconnected
        case standing(since: Int64)
        case reading(since: Int64)
        case restoring
    }

    private let horizonMilliseconds: Int64
    private let batchLimit: Int
    /// Whether Redis may be believed.
    private var trust: StoreTrust
    private var phase = Phase.disconnected
    /// The epoch of the Redis whose stream was read.
    private var epoch: String?
    /// The entry read last, or where reading begins.
    private var position: StreamPosition?
    /// Whether the position is that of an entry which was read.
    private var isPositionRead = false
    /// Until when, by the clock of Redis, entries that were missed can matter.
    private var distrustedUntil: Int64 = 0
    private var time: Int64 = 0
    /// Whether a lease was taken in this round.
    private var isLeased = false
    /// Whether Redis was believed when this round began: what was read then is all there is.
    private var wasTrusted = false
    /// Whether the end of the stream was reached since the last doubt.
    private var isCaughtUp = false
    private var notices: [Notice] = []
    /// What is to be written again; stays until it is done, whatever happens to the connection.
    private var loss: DataLoss?
    /// When the last round began that was read to the end: everything written before then is known.
    package private(set) var completeSince: Int64?

    /// - Parameters:
    ///   - horizonMilliseconds: the longest a revocation can matter.
    ///   - batchLimit: how many entries one read may bring.
    ///   - leaseMilliseconds: how long a lease is.
    package init(horizonMilliseconds: Int64, batchLimit: Int, leaseMilliseconds: Int64) {
        trust = StoreTrust(leaseMilliseconds: leaseMilliseconds)
        self.horizonMilliseconds = horizonMilliseconds
        self.batchLimit = batchLimit
    }

    /// The epoch of a Redis that holds everything that is known of revocations; `nil` when there is none.
    package var trustedEpoch: String? { trust.epoch }

    /// Whether an answer is awaited.
    package var isBusy: Bool { phase != .disconnected }

    /// What the operator has not been told yet.
    package mutating func takeNotices() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    /// The connection is ready.
    package mutating func connected(now: Int64) -> Action {
        ask(now: now)
    }

    /// The connection is lost, or an answer was a refusal: what is known stays, and its age grows.
    package mutating func lost() {
        phase = .disconnected
        isLeased = false
    }

    /// Redis has told where the stream stands.
    /// - Parameters:
    ///   - standing: what it told.
    ///   - ownMilliseconds: the wall clock of this node.
    ///   - now: a clock that never goes back, as everywhere here.
    /// - Returns: what to do.
    package mutating func stood(_ standing: StreamStanding, ownMilliseconds: Int64, now: Int64) -> Action {
        guard case .standing(let since) = phase else { return .none }
        time = standing.milliseconds
        guard let known = epoch, let position else { return begin(standing, ownMilliseconds, since: since, now: now) }
        if known != standing.epoch {
            epoch = standing.epoch
            // The clock of the new one may be behind, and whatever its stream has is news.
            let isKnown = completeSince != nil
            trust.lost(now: now)
            startOver(at: .start)
            return doubt(.everything(isKnown: isKnown))
        }
        if let loss { return doubt(loss) }
        trust.stood(standing, now: now)
        let start = StreamPosition(milliseconds: oldestThatMatters(standing, ownMilliseconds), sequence: 0)
        if isPositionRead, standing.last < position {
            startOver(at: start)
            return doubt(.latest)
        }
        let kept = oldestKept(standing)
        if isPositionRead, !standing.hasPosition, position.milliseconds >= kept {
            startOver(at: start)
            distrust()
            return doubt(.latest)
        }
        if let deleted = standing.lastDeleted, deleted > position, deleted.milliseconds >= kept { distrust() }
        phase = .reading(since: since)
        return .read(after: position)
    }

    /// A read has brought something, perhaps nothing.
    ///
    /// What it brought must have been applied already.
    package mutating func received(_ batch: StreamBatch, now: Int64) -> Action {
        guard case .reading(let since) = phase else { return .none }
        if let last = batch.last {
            position = last
            isPositionRead = true
        }
        if batch.hasUnintelligible { distrust() }
        if batch.count < batchLimit {
            // Without a lease a writer who waits for the nodes would not have waited for this one.
            if isLeased, wasTrusted, time >= distrustedUntil { completeSince = max(since, completeSince ?? since) }
            isCaughtUp = true
        }
        return ask(now: now)
    }

    /// What was lost has been written again.
    package mutating func restored(now: Int64) -> Action {
        guard phase == .restoring else { return .none }
        loss = nil
        return ask(now: now)
    }

    private mutating func ask(now: Int64) -> Action {
        phase = .standing(since: now)
        isLeased = isCaughtUp && time >= distrustedUntil
        wasTrusted = trust.epoch != nil
        return .stand(
            Question(
                read: isPositionRead ? position : nil, takesLease: isLeased, applied: position ?? .start))
    }

    private mutating func begin(
        _ standing: StreamStanding, _ ownMilliseconds: Int64, since: Int64, now: Int64
    ) -> Action {
        epoch = standing.epoch
        trust.stood(standing, now: now)
        let oldest = oldestThatMatters(standing, ownMilliseconds)
        let start = StreamPosition(milliseconds: oldest, sequence: 0)
        position = start
        if standing.isNew { notices.append(.newStore) }
        if let deleted = standing.lastDeleted, deleted.milliseconds >= oldestKept(standing) { distrust() }
        phase = .reading(since: since)
        return .read(after: start)
    }

    private mutating func startOver(at start: StreamPosition) {
        position = start
        isPositionRead = false
        isCaughtUp = false
        isLeased = false
    }

    private mutating func doubt(_ loss: DataLoss) -> Action {
        phase = .restoring
        self.loss = loss
        return .restore(loss)
    }

    private mutating func distrust() {
        if time >= distrustedUntil { notices.append(.gap) }
        distrustedUntil = EpochMilliseconds.sum(time, horizonMilliseconds)
        completeSince = nil
        isCaughtUp = false
        isLeased = false
    }

    /// The oldest entry that whoever writes leaves in the stream.
    private func oldestKept(_ standing: StreamStanding) -> UInt64 {
        UInt64(max(0, standing.milliseconds - horizonMilliseconds))
    }

    /// The oldest entry that can matter, by whichever clock is furthest behind: to read too much costs little.
    private func oldestThatMatters(_ standing: StreamStanding, _ ownMilliseconds: Int64) -> UInt64 {
        var now = min(standing.milliseconds, ownMilliseconds)
        if standing.last != .start { now = min(now, Int64(clamping: standing.last.milliseconds)) }
        let margin = EpochMilliseconds.sum(horizonMilliseconds, RevocationScripts.maximumClockSkewMilliseconds)
        return UInt64(max(0, now - margin))
    }
}
