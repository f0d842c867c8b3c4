/// What one configuration comes to on one event loop; nothing of it changes any more.
///
/// Loop-bound. Each connection holds the one that its request in hand began with, so that indices of routes, upstreams and
/// policies always belong together.
final class LoopServing {
    let configuration: ProxyConfiguration
    /// The pools of the upstreams, in the order of the configuration.
    let pools: [UpstreamPool]
    /// Where answers are counted, by the index of their route.
    let routeCounters: [RouteCounter]
    /// Makes the authentication of a connection.
    let makeAuthentication: () -> Authentication

    init(
        configuration: ProxyConfiguration, pools: [UpstreamPool], routeCounters: [RouteCounter],
        makeAuthentication: @escaping () -> Authentication
    ) {
        self.configuration = configuration
        self.pools = pools
        self.routeCounters = routeCounters
        self.makeAuthentication = makeAuthentication
    }
}
