/// What the process knows about the addresses of an upstream, for its event loops.
struct UpstreamKnowledge: Sendable {
    /// Which upstream it is.
    let id: UInt64
    /// Its addresses.
    let states: [UpstreamEndpoint.State]
}
