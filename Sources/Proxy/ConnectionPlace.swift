/// A client connection's place among those that the limits allow: taken when it opens, given up when it closes.
struct ConnectionPlace {
    /// The network whose connections this one is counted among, where their number is limited.
    private let network: UInt128?

    /// Takes a place, if there is one.
    init?(for peer: ClientPeer, on loop: LoopContext) {
        let limits = loop.configuration.limits
        let count = loop.connectionCount
        guard count.increment(upTo: limits.connections) else { return nil }
        // A trusted proxy's connections are those of many clients.
        guard limits.connectionsPerAddress > 0, !peer.isTrusted, let network = peer.ip?.countedNetwork else {
            self.network = nil
            return
        }
        guard count.byAddress.increment(network, upTo: limits.connectionsPerAddress) else {
            count.decrement()
            return nil
        }
        self.network = network
    }

    /// Gives the place up; to be called once.
    func giveUp(on loop: LoopContext) {
        loop.connectionCount.decrement()
        if let network { loop.connectionCount.byAddress.decrement(network) }
    }
}
