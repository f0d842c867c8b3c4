import Testing

/// The whole program over real sockets, as far as people and machines with credentials are concerned.
///
/// One test at a time, beside those of ``GatewayTests``: each starts a Redis, a backend and a gateway of its own.
@Suite("accounts and sessions, end to end", .serialized)
struct AccountTests {}
