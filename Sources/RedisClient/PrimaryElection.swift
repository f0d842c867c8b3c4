import NIOCore

/// Who the primary is, found out from several sources (sentinels, or nodes of a cluster) that may not agree or may be
/// cut off: a value without sockets, clocks or randomness.
///
/// Each source says what it believes and since which configuration epoch. The highest epoch wins, for each failover and
/// each move of a slot has a higher one than all before; a source that was cut off meanwhile cannot bring the old
/// primary back. What a source said counts for a while only, so that a deployment made anew, whose epochs begin again,
/// is found, too. While no source says anything, the last primary remains.
struct PrimaryElection {
    /// What a source believes.
    struct Claim: Equatable {
        let primary: RedisEndpoint
        let epoch: UInt64
    }

    /// What an answer has changed.
    struct Change: Equatable {
        /// The new primary; `nil` when it is the one before.
        var primary: RedisEndpoint?
        /// Whether sources came or went.
        var hasOtherSources = false
    }

    private struct Source {
        let endpoint: RedisEndpoint
        let isConfigured: Bool
        var claim: Claim?
        var heardAt: NIODeadline
        var namedAt: NIODeadline
    }

    /// How many sources are asked.
    static let maximumSourceCount = 32
    /// How long what a source said counts.
    static let claimLife = TimeAmount.seconds(5)
    /// How long a source that was not configured is kept without being named by another or answering.
    static let sourceLife = TimeAmount.seconds(60)
    /// How often sources are asked when all is well.
    static let interval = TimeAmount.seconds(1)
    /// How often they are asked after a doubt.
    static let urgentInterval = TimeAmount.milliseconds(100)
    /// How long a doubt lasts.
    static let urgency = TimeAmount.seconds(10)
    /// The least time between two redirections that are followed: nodes that disagree could send us to and fro.
    static let hintInterval = TimeAmount.milliseconds(100)

    /// The server that is asked and written; `nil` until a source has named one.
    private(set) var primary: RedisEndpoint?
    private var sources: [Source]
    private var doubtedAt: NIODeadline?
    private var hintedAt: NIODeadline?

    /// Starts with the configured sources.
    init(sources: [RedisEndpoint], now: NIODeadline) {
        self.sources = sources.prefix(Self.maximumSourceCount).map {
            Source(endpoint: $0, isConfigured: true, claim: nil, heardAt: now, namedAt: now)
        }
    }

    /// Whom to ask.
    var sourceEndpoints: [RedisEndpoint] { sources.map(\.endpoint) }

    /// A source has answered.
    /// - Parameters:
    ///   - source: which.
    ///   - claim: what it believes; `nil` when it knows no primary.
    ///   - peers: the sources it knows of.
    ///   - now: the time.
    /// - Returns: What has changed by it.
    mutating func answered(
        by source: RedisEndpoint, claim: Claim?, peers: [RedisEndpoint], now: NIODeadline
    ) -> Change {
        guard let index = sources.firstIndex(where: { $0.endpoint == source }) else { return Change() }
        sources[index].claim = claim
        sources[index].heardAt = now
        sources[index].namedAt = now
        var change = Change()
        for peer in peers {
            if let known = sources.firstIndex(where: { $0.endpoint == peer }) {
                sources[known].namedAt = now
            } else if sources.count < Self.maximumSourceCount {
                sources.append(Source(endpoint: peer, isConfigured: false, claim: nil, heardAt: now, namedAt: now))
                change.hasOtherSources = true
            }
        }
        let count = sources.count
        sources.removeAll { !$0.isConfigured && now - $0.namedAt > Self.sourceLife }
        if sources.count != count { change.hasOtherSources = true }
        change.primary = elect(now: now)
        return change
    }

    /// A node has said that another one is in charge.
    /// - Returns: The new primary, when it is to be followed at once.
    mutating func hinted(at node: RedisEndpoint, now: NIODeadline) -> RedisEndpoint? {
        doubtedAt = now
        if let hintedAt, now - hintedAt < Self.hintInterval { return nil }
        guard node != primary else { return nil }
        hintedAt = now
        // What was said before is older than this.
        for index in sources.indices { sources[index].claim = nil }
        primary = node
        return node
    }

    /// The primary was lost, or says that it is none.
    mutating func doubted(now: NIODeadline) {
        doubtedAt = now
    }

    /// How long to wait before the sources are asked again.
    func pause(now: NIODeadline) -> TimeAmount {
        guard primary != nil else { return Self.urgentInterval }
        if let doubtedAt, now - doubtedAt < Self.urgency { return Self.urgentInterval }
        return Self.interval
    }

    private mutating func elect(now: NIODeadline) -> RedisEndpoint? {
        var best: Claim?
        for source in sources {
            guard let claim = source.claim, now - source.heardAt <= Self.claimLife else { continue }
            guard let leader = best else {
                best = claim
                continue
            }
            // Among equals the present one stays.
            if claim.epoch > leader.epoch || (claim.epoch == leader.epoch && claim.primary == primary) { best = claim }
        }
        guard let best, best.primary != primary else { return nil }
        primary = best.primary
        return best.primary
    }
}
