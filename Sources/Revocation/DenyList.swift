package import RedisClient

/// Asks whether tokens are revoked, on one event loop; one for each loop.
package final class DenyList {
    private enum Backing {
        case redis(RedisConnection)
        case inProcess(InProcessDenyList)
    }

    private let backing: Backing

    /// Asks Redis; queries need ``DenyListQuery/Forms/command``.
    /// - Parameter connection: the connection of the loop this is used on.
    package init(connection: RedisConnection) {
        backing = .redis(connection)
    }

    /// Asks a store inside the process; queries need ``DenyListQuery/Forms/names``.
    package init(inProcess store: InProcessDenyList) {
        backing = .inProcess(store)
    }

    /// Asks about one token.
    ///
    /// The check hears exactly once, perhaps before this returns; one that is still waiting hears `unavailable`.
    package func check(_ query: DenyListQuery, by check: DenyListCheck) {
        switch backing {
        case .inProcess(let store):
            check.decided(store.verdict(for: query))
        case .redis(let connection):
            guard check.begin(query) else { return check.decided(.unavailable) }
            connection.send(query.command, expecting: .array(count: query.kinds.count), to: check)
        }
    }
}
