import Synchronization

/// How many connections each address has, over all event loops; touched when a connection opens and when it closes, and
/// only where that number is limited.
///
/// It holds an entry for each address that is connected, so no more than there are connections.
final class AddressConnectionCount: Sendable {
    private final class Shard: Sendable {
        let counts = Mutex<[UInt128: Int]>([:])
    }

    private let shards = (0..<16).map { _ in Shard() }

    /// Counts one more unless that would pass the limit.
    ///
    /// - Parameters:
    ///   - network: ``ClientAddress/countedNetwork`` of the client.
    ///   - limit: how many it may have.
    /// - Returns: whether it was counted.
    func increment(_ network: UInt128, upTo limit: Int) -> Bool {
        shard(of: network).counts.withLock { counts in
            guard counts[network, default: 0] < limit else { return false }
            counts[network, default: 0] += 1
            return true
        }
    }

    /// Counts one less.
    func decrement(_ network: UInt128) {
        shard(of: network).counts.withLock { counts in
            let left = counts[network, default: 0] - 1
            counts[network] = left > 0 ? left : nil
        }
    }

    private func shard(of network: UInt128) -> Shard {
        shards[Int(UInt(bitPattern: network.hashValue) % UInt(shards.count))]
    }
}
