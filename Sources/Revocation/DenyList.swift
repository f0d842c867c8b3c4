package import NIOCore
package import RedisClient

/// Asks whether tokens are revoked, on one event loop; one for each loop.
package final class DenyList {
    private enum Backing {
        case redis(RedisConnection, RevocationMirror)
        case inProcess(InProcessDenyList)
    }

    private let backing: Backing
    private let reader: RevocationIndexReader?
    /// Whether what the mirror does not know is taken for not revoked while it is fresh.
    private let answersFromMirror: Bool

    /// Asks Redis; queries need ``DenyListQuery/Forms/command`` and ``DenyListQuery/Forms/digests``.
    /// - Parameters:
    ///   - connection: the connection of the loop this is used on.
    ///   - mirror: what is known of revocations in memory, and of Redis. What it knows to be revoked is refused without
    ///     asking, and Redis is believed while it has the epoch that the mirror trusts.
    ///   - answersFromMirror: whether the rest is let through without asking while the mirror is fresh.
    package init(connection: RedisConnection, mirror: RevocationMirror, answersFromMirror: Bool = false) {
        backing = .redis(connection, mirror)
        self.answersFromMirror = answersFromMirror
        reader = RevocationIndexReader(mirror.index)
    }

    /// Asks a store inside the process; queries need ``DenyListQuery/Forms/names``.
    package init(inProcess store: InProcessDenyList) {
        backing = .inProcess(store)
        reader = nil
        answersFromMirror = false
    }

    /// Asks about one token.
    ///
    /// The check hears exactly once, perhaps before this returns; one that is still waiting hears `unavailable`.
    package func check(_ query: DenyListQuery, by check: DenyListCheck) {
        switch backing {
        case .inProcess(let store):
            check.decided(store.verdict(for: query))
        case .redis(let connection, let mirror):
            if let reader {
                // Whether it was fresh is found out first: what comes in meanwhile can only refuse more.
                let isFresh = answersFromMirror && mirror.isFresh()
                let verdict = reader.verdict(for: query)
                if case .revoked = verdict { return check.decided(verdict) }
                if isFresh, verdict == .clear { return check.decided(.clear) }
            }
            guard check.begin(query, trustedMark: mirror.trustedMark) else { return check.decided(.unavailable) }
            connection.send(query.command, expecting: .array(count: query.kinds.count + 1), to: check)
        }
    }

    /// When Redis was asked last; only for who has just asked, and has not heard yet.
    package var askedAt: NIODeadline {
        switch backing {
        case .inProcess: .uptimeNanoseconds(0)
        case .redis(let connection, _): connection.turnStart
        }
    }

    /// How long Redis took over a question whose verdict has just come.
    ///
    /// - Parameters:
    ///   - askedAt: when it was asked.
    ///   - verdict: the verdict.
    /// - Returns: the time, by clock readings that there are already where Redis has answered.
    package func nanoseconds(since askedAt: NIODeadline, to verdict: RevocationVerdict) -> Int64 {
        // Without an answer, or with one over another connection, the last reading is of something else.
        if verdict != .unavailable, case .redis(let connection, _) = backing, connection.lastReadAt >= askedAt {
            return (connection.lastReadAt - askedAt).nanoseconds
        }
        return (NIODeadline.now() - askedAt).nanoseconds
    }

    /// What is known without asking, however old it is; for exchanges that last, and for those who may not wait.
    package func lastKnown(_ query: DenyListQuery) -> RevocationVerdict {
        switch backing {
        case .inProcess(let store): store.verdict(for: query)
        case .redis: reader?.verdict(for: query) ?? .unavailable
        }
    }

    /// Whether a token was not revoked when Redis was last heard of, and that is not too long ago.
    /// - Parameters:
    ///   - query: the token.
    ///   - graceNanoseconds: `stale_grace`.
    /// - Returns: whether it may go on.
    package func wasClear(_ query: DenyListQuery, graceNanoseconds: Int64) -> Bool {
        guard case .redis(_, let mirror) = backing, let age = mirror.age(), age <= graceNanoseconds else {
            return false
        }
        return lastKnown(query) == .clear
    }
}
