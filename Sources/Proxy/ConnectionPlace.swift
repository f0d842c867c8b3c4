/// A client connection's place among those that the limits allow: taken when it opens, given up when it closes.
struct ConnectionPlace {
    /// The network whose connections this one is counted among, where their number is limited.
    private var network: UInt128?
    /// The place of the listener that took it.
    private let listener: Int

    /// Takes a place among all, if there is one.
    init?(at listener: Int, on loop: LoopContext) {
        guard loop.connectionCount.increment(upTo: loop.serving.configuration.limits.connections) else { return nil }
        self.listener = listener
        loop.metrics.connectionOpened(listener: listener)
    }

    /// Takes a place among all and among those of the peer's address, if there is one.
    init?(for peer: ClientPeer, at listener: Int, on loop: LoopContext) {
        self.init(at: listener, on: loop)
        guard take(for: peer, on: loop) else {
            giveUp(on: loop)
            return nil
        }
    }

    /// Takes a place among the connections of the peer's address; to be called once.
    ///
    /// - Returns: whether there was one.
    mutating func take(for peer: ClientPeer, on loop: LoopContext) -> Bool {
        let limits = loop.serving.configuration.limits
        guard let network = peer.countedNetwork(limits) else { return true }
        guard loop.connectionCount.byAddress.increment(network, upTo: limits.connectionsPerAddress) else {
            return false
        }
        self.network = network
        return true
    }

    /// Gives the place up; to be called once.
    func giveUp(on loop: LoopContext) {
        loop.connectionCount.decrement()
        loop.metrics.connectionClosed(listener: listener)
        if let network { loop.connectionCount.byAddress.decrement(network) }
    }
}
