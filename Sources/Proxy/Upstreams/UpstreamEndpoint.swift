import NIOCore

/// What one event loop knows about one address of an upstream.
///
/// Loop-bound: never touched from another thread.
final class UpstreamEndpoint {
    /// What the process knows about an address, for all its loops.
    struct State: Sendable, Hashable {
        /// The target's index.
        var target: Int
        var address: SocketAddress
        /// Whether it may be used as far as health checks know.
        var isHealthy = true

        /// The same whatever its health.
        var identity: State { State(target: target, address: address) }
    }

    let targetIndex: Int
    let target: Upstream.Target
    let address: SocketAddress
    /// The `Host` of a request whose client named none.
    let authority: String
    var isHealthy: Bool
    /// Whether the target's name no longer stands for it.
    var isRemoved = false
    var ejection = EndpointEjection()
    /// Connections that can be used at once, the one used last at the end.
    var idle: [UpstreamConnection] = []
    /// How many requests wait for its answer, or for a connection to it to open.
    var outstanding = 0
    /// How many connections are open or being opened.
    var connections = 0

    init(_ state: State, of upstream: Upstream) {
        targetIndex = state.target
        target = upstream.targets[state.target]
        address = state.address
        authority = target.authority
        isHealthy = state.isHealthy
    }

    var identity: State { State(target: targetIndex, address: address) }

    /// Whether a connection to it is worth keeping.
    var isWelcome: Bool { isHealthy && !isRemoved && !ejection.isEjected }
}
