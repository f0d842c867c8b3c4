import GatewayConfiguration
import Logging
import NIOCore
import Proxy

/// What traces requests, where the configuration says that some are traced.
struct TracingParts: Sendable {
    let exporter: SpanExporter
    /// For the control plane.
    let tracer: GatewayTracer
    /// For the data path.
    let dataPath: TracingSettings

    /// Begins to export.
    ///
    /// - Parameters:
    ///   - settings: what the configuration says.
    ///   - group: whose loops carry the connection to the collector.
    ///   - interval: how long spans wait for others.
    ///   - logger: for the operator.
    init(_ settings: Configuration.Tracing, group: any EventLoopGroup, interval: Duration, logger: Logger) {
        exporter = SpanExporter(
            document: TraceDocument(serviceName: settings.serviceName, version: Version.current),
            collector: TraceCollectorClient(
                url: settings.endpoint, headers: settings.headers.map { ($0.name, $0.value.exposed) }, group: group),
            interval: interval, logger: logger)
        tracer = GatewayTracer(queue: exporter.queue)
        dataPath = TracingSettings(sampleRatio: settings.sampleRatio, collector: exporter.queue)
    }
}
