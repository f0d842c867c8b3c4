import GatewayConfiguration
import Glibc

/// How many connections the limit on open files allows.
///
/// Each client's request may want a connection to an upstream as well, so a connection counts twice.
struct DescriptorBudget: Equatable {
    /// How many files the process may have open.
    let limit: Int
    /// How many are kept back for all but clients and their requests.
    let reserve: Int

    /// - Parameters:
    ///   - limit: how many files the process may have open.
    ///   - loopCount: how many event loops there are: each has its own accepting sockets, selector and Redis connection.
    ///   - listenerCount: how many public listeners there are.
    ///   - upstreams: of each upstream, how many connections a loop keeps without a request, and how many targets there are.
    init(limit: Int, loopCount: Int, listenerCount: Int, upstreams: [(idleConnections: Int, targetCount: Int)]) {
        self.limit = limit
        var idle = upstreams.reduce(0) { $0 + $1.idleConnections } * loopCount
        // A loop connects to a target only when no connection to it is idle. So one of them, at least, never has more
        // than there were requests at a time, and each of those is counted already.
        idle -= upstreams.filter { $0.targetCount == 1 }.map(\.idleConnections).max() ?? 0
        // 64: standard streams, the database and its log, the admin listener and its clients, look-ups of names.
        reserve = 64 + loopCount * (listenerCount + 4) + idle
    }

    /// What a configuration leaves, with the limit raised as far as it goes.
    init(raisingLimitFor configuration: Configuration, loopCount: Int) {
        self.init(
            limit: Self.raiseLimit(), loopCount: loopCount,
            listenerCount: configuration.listeners.publicListeners.count,
            upstreams: configuration.upstreams.map { ($0.idleConnectionLimit, $0.targets.count) })
    }

    /// How many client connections can be served at a time.
    var connections: Int { max((limit - reserve) / 2, 1) }

    /// Raises the process' limit as far as it is allowed to.
    ///
    /// - Returns: the limit from here on.
    static func raiseLimit() -> Int {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 1024 }
        var raised = limits
        raised.rlim_cur = limits.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limits = raised }
        return Int(clamping: limits.rlim_cur)
    }
}
