extension Configuration {
    /// Which requests are traced, and who is told.
    package struct Tracing: Sendable, Equatable {
        /// Where spans are posted: the URL of a collector that takes OTLP over HTTP, in JSON.
        package var endpoint: String
        /// The part of the requests that is traced where no trusted proxy has decided, 0 to 1.
        package var sampleRatio: Double
        /// What the gateway is called in traces.
        package var serviceName: String
    }
}
