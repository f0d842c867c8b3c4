import GatewayConfiguration

extension Gateway {
    /// Begins to export traces, if the configuration says that requests are traced.
    ///
    /// - Parameter running: takes what has to be ended.
    /// - Returns: what the other parts trace with.
    func startTracing(_ running: RunningGateway) -> TracingParts? {
        guard let settings = configuration.tracing else { return nil }
        let tracing = TracingParts(settings, group: running.adminGroup, interval: traceInterval, logger: logger)
        running.add(tracing)
        return tracing
    }
}
