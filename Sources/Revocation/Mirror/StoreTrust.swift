/// Whether what Redis does not hold may be taken for not revoked: a value without sockets or clocks.
///
/// A Redis that is met for the first time is believed. One that has lost everything is believed again when every node
/// has had the time to write what it knows: when it is longer than a lease ago that the first of them came back to it,
/// and those that were there before have a lease again, which none takes before it has written everything. Who does not
/// come back within ``patienceLeases`` leases is taken for gone.
package struct StoreTrust: Sendable {
    /// How many leases a node that was there before the loss may take to come back.
    package static let patienceLeases: Int64 = 5

    private let leaseMilliseconds: Int64
    /// The epoch that is believed.
    package private(set) var epoch: String?
    /// Those that had a lease when Redis was last whole.
    private var peers: Set<String> = []
    /// When a loss was found, on a clock that never goes back, in nanoseconds; `nil` while all is well.
    private var lostAt: Int64?

    /// - Parameter leaseMilliseconds: how long a lease is.
    package init(leaseMilliseconds: Int64) {
        self.leaseMilliseconds = leaseMilliseconds
    }

    /// Redis has lost everything.
    package mutating func lost(now: Int64) {
        epoch = nil
        lostAt = now
    }

    /// Redis has told where the stream stands, and everything this node knows of losses has been written again.
    /// - Parameters:
    ///   - standing: what it told.
    ///   - now: a clock that never goes back.
    package mutating func stood(_ standing: StreamStanding, now: Int64) {
        if let lostAt {
            let isOldEnough = standing.milliseconds - standing.sinceMilliseconds >= leaseMilliseconds
            let isPatient = now - lostAt < Self.patienceLeases * leaseMilliseconds * 1_000_000
            guard isOldEnough, peers.isSubset(of: standing.peers) || !isPatient else { return }
            self.lostAt = nil
        }
        epoch = standing.epoch
        peers = standing.peers
    }
}
