/// How the data path traces requests.
package struct TracingSettings: Sendable {
    let sampleRatio: Double
    let collector: any TraceCollecting

    /// Sets it up.
    ///
    /// - Parameters:
    ///   - sampleRatio: the part of the requests that is traced where no trusted proxy has decided, 0 to 1.
    ///   - collector: takes what was measured.
    package init(sampleRatio: Double, collector: any TraceCollecting) {
        self.sampleRatio = sampleRatio
        self.collector = collector
    }
}
