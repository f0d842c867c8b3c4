package import NIOCore

/// A request to one of the gateway's own endpoints, whole, as the data path hands it over.
package struct ControlRequest: Sendable {
    /// The method's name.
    package var method: String
    /// Path and query.
    package var target: String
    /// The authority.
    package var authority: String
    /// The end-to-end fields in order.
    package var fields: [(name: String, value: String)]
    /// The body, at most ``bodyByteLimit`` bytes.
    package var body: ByteBuffer
    /// The address of the client, as far as it can be believed.
    package var clientAddress: String
    /// The request's identifier.
    package var requestID: String
    /// The request's span, when it is traced.
    package var trace: TraceParent?

    /// The largest body that the endpoints take.
    package static let bodyByteLimit = 64 << 10
}

/// The answer of one of the gateway's own endpoints, whole.
package struct ControlResponse: Sendable {
    /// The status code.
    package var status: Int
    /// The fields in order, without framing fields.
    package var fields: [(name: String, value: String)]
    /// The body.
    package var body: ByteBuffer

    /// Makes a response.
    package init(status: Int, fields: [(name: String, value: String)], body: ByteBuffer) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Answers the requests to the gateway's own endpoints, off the event loop.
package protocol ControlPlane: Sendable {
    /// Answers one request; every failure is an answer too.
    func respond(to request: ControlRequest) async -> ControlResponse
}
