package import HTTP1
package import NIOCore

/// What one request that was traced has left, for its spans to be made of.
package struct TracedRequest: Sendable {
    /// The way through an upstream.
    package struct UpstreamCall: Sendable {
        /// The upstream's name.
        package var name: String
        /// The span that the upstream was told.
        package var spanID: SpanID
        /// From the search for a connection to the end of the answer.
        package var interval: TraceInterval
        /// When the head of the final answer came.
        package var answeredAt: NIODeadline?
        /// Its status.
        package var status: Int?
        /// How often the request was sent.
        package var sendCount: Int
    }

    /// The span of the request itself.
    package var place: TraceParent
    /// The span that it is a child of.
    package var parent: SpanID?
    /// From its head to the end of its answer.
    package var interval: TraceInterval
    /// The method.
    package var method: HTTPMethod
    /// The label of its route, if it has one.
    package var route: String?
    /// The status of its answer.
    package var status: Int
    /// What came of it, in a word.
    package var outcome: StaticString
    /// How long its credential was looked at.
    package var verification: TraceInterval?
    /// How long the deny-list was asked.
    package var denyList: TraceInterval?
    /// The upstream, if it was for one.
    package var upstream: UpstreamCall?

    /// How many spans it makes.
    package var spanCount: Int {
        1 + (verification == nil ? 0 : 1) + (denyList == nil ? 0 : 1) + (upstream == nil ? 0 : 1)
    }
}
