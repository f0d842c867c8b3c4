extension Configuration {
    /// Which requests are written to the access log.
    package enum AccessLog: Sendable, Equatable {
        /// None.
        case off
        /// Each request.
        case everyRequest
        /// A random share of them, more than 0 and at most 1.
        case sampled(fraction: Double)
    }
}
