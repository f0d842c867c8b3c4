extension Configuration {
    /// Which requests are traced, and who is told.
    package struct Tracing: Sendable, Equatable {
        /// A field that is sent to the collector.
        package struct Header: Sendable, Equatable {
            /// Its name.
            package var name: String
            /// Its value, which may let in.
            package var value: Secret
        }

        /// Where spans are posted: the URL of a collector that takes OTLP over HTTP, in JSON.
        package var endpoint: String
        /// The part of the requests that is traced where no trusted proxy has decided, 0 to 1.
        package var sampleRatio: Double
        /// What the gateway is called in traces.
        package var serviceName: String
        /// What is sent with them, in the order of the file.
        package var headers: [Header] = []
    }
}
