import RedisClient

/// What Redis says of itself before each read of the stream.
package struct StreamStanding: Sendable, Hashable {
    /// Its clock, milliseconds since 1970.
    package var milliseconds: Int64
    /// The value of `epoch`; empty when there is none.
    package var epoch: String
    /// The last id the stream has given out; the start when there is no stream.
    package var last: StreamPosition
    /// The greatest id known to be taken out of the stream; Redis before 7 only tells of a stream that is empty.
    package var lastDeleted: StreamPosition?
    /// Whether the entry we read last is still there.
    package var hasPosition: Bool
    /// Since when nodes have been coming to it, by its clock.
    package var sinceMilliseconds: Int64
    /// The other nodes with a lease.
    package var peers: Set<String>
    /// Whether there was no `epoch` before this question.
    package var isNew = false

    /// Puts one together.
    package init(
        milliseconds: Int64, epoch: String, last: StreamPosition, lastDeleted: StreamPosition?, hasPosition: Bool,
        sinceMilliseconds: Int64 = 0, peers: Set<String> = []
    ) {
        self.milliseconds = milliseconds
        self.epoch = epoch
        self.last = last
        self.lastDeleted = lastDeleted
        self.hasPosition = hasPosition
        self.sinceMilliseconds = sinceMilliseconds
        self.peers = peers
    }

    /// Reads the reply to ``MirrorScripts/stand``; `nil` when it is none.
    init?(_ reply: RedisReply) {
        guard reply.kind == .array, reply.count == 7, reply[6].kind == .array else { return nil }
        guard let milliseconds = reply[0].withBytes({ StrictDecimal.parse($0) }),
            let last = reply[2].withBytes({ StreamPosition($0) }),
            let since = reply[5].withBytes({ StrictDecimal.parse($0) })
        else { return nil }
        let peers = (0..<reply[6].count).map { reply[6][$0].withBytes { String(decoding: $0, as: UTF8.self) } }
        let deleted = reply[3].withBytes { Array($0) }
        self.init(
            milliseconds: milliseconds, epoch: reply[1].withBytes { String(decoding: $0, as: UTF8.self) }, last: last,
            lastDeleted: StreamPosition(deleted), hasPosition: reply[4].withBytes { $0.elementsEqual("1".utf8) },
            sinceMilliseconds: since, peers: Set(peers))
        if lastDeleted == nil, !deleted.isEmpty { return nil }
    }
}
