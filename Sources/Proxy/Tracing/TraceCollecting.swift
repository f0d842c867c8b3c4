/// Takes what event loops have measured of traced requests.
package protocol TraceCollecting: Sendable {
    /// Takes what one event loop has gathered; called on that loop, now and then.
    ///
    /// - Parameters:
    ///   - requests: the requests, in the order of their ends.
    ///   - droppedSpanCount: how many spans were lost since the last time, because too many came at once.
    func collect(_ requests: [TracedRequest], droppedSpanCount: UInt64)
}
