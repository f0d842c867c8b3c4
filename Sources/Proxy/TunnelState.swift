/// The two directions of a tunnel, as a value: which side has ended, and whether the other is still to be told.
struct TunnelState: Equatable {
    /// One end of the tunnel.
    enum Side: Equatable { case client, upstream }

    private var clientHasEnded = false
    private var upstreamHasEnded = false

    /// A side will send nothing more, though it may still receive.
    ///
    /// - Returns: whether this is news, so that the other side must be told once all that came before has gone out.
    mutating func ended(_ side: Side) -> Bool {
        switch side {
        case .client:
            defer { clientHasEnded = true }
            return !clientHasEnded
        case .upstream:
            defer { upstreamHasEnded = true }
            return !upstreamHasEnded
        }
    }

    /// Whether each side has said that it is done, so that nothing was lost when the tunnel goes.
    var isOrderly: Bool { clientHasEnded && upstreamHasEnded }
}
