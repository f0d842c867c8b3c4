/// How the servers are laid out, and with it how the one to ask is found.
package enum RedisTopology: Sendable, Equatable {
    /// One server, always the same.
    case standalone(RedisEndpoint)
    /// One primary that sentinels watch and replace.
    /// - `sentinels`: those asked first; they name the others.
    /// - `primaryName`: the name they know the primary by.
    case sentinel(sentinels: [RedisEndpoint], primaryName: String)
    /// A cluster, of which the primary that owns one slot is asked: all keys must lie in it.
    /// - `nodes`: those asked first; they name the others.
    /// - `slot`: see ``HashSlot``.
    case cluster(nodes: [RedisEndpoint], slot: Int)

    /// Whether the server to ask may become another one.
    var isMoving: Bool {
        if case .standalone = self { false } else { true }
    }
}
