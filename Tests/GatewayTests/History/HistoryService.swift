import TestSupport

/// What the clients of a history ask: gateways by their number, or something before them that a test has put there.
struct HistoryService: Sendable {
    /// A request with a token to a gateway; the status of its answer.
    typealias Call = @Sendable (_ gateway: Int, _ token: String) async throws -> Int

    let gatewayCount: Int
    let issuer: ForeignIssuer
    var check: Call
    var revoke: Call
    /// The process that a gateway is at the moment: what one knows alone goes with it.
    var incarnation: @Sendable (_ gateway: Int) -> Int = { $0 }

    init(_ gateways: [GatewayFixture], issuer: ForeignIssuer) {
        gatewayCount = gateways.count
        self.issuer = issuer
        check = { try await gateways[$0].call("GET", "/api/x", token: $1).status }
        revoke = { try await gateways[$0].call("POST", "/auth/logout", token: $1).status }
    }

    init(_ gateways: [HistoryProcess], issuer: ForeignIssuer) {
        gatewayCount = gateways.count
        self.issuer = issuer
        check = { try await gateways[$0].call("GET", "/api/x", token: $1) }
        revoke = { try await gateways[$0].call("POST", "/auth/logout", token: $1) }
        incarnation = { gateways[$0].incarnation * gateways.count + $0 }
    }
}
