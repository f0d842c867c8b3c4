import Testing

/// The whole program over real sockets.
///
/// One test at a time: each starts a Redis, a backend and a gateway of its own.
@Suite("the gateway, end to end", .serialized)
struct GatewayTests {}
