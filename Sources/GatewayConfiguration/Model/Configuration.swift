/// Everything one configuration file says, read whole and checked.
///
/// A value of this type only comes out of ``ConfigurationLoader``, so whoever holds one need not check it again. What the
/// file leaves out is filled in with its default; relative paths have become absolute.
package struct Configuration: Sendable, Equatable {
    /// Where the gateway listens.
    package var listeners: Listeners
    /// Peers whose `X-Forwarded-*` fields are believed.
    package var trustedProxies: [AddressRange]
    /// Whether those are believed, too, who connect through a Unix socket.
    package var trustsLocalPeers: Bool
    /// How many event loops to run; 0 means one per core.
    package var workerCount: Int
    /// Bounds on what a client may send and hold.
    package var limits: Limits
    /// Which requests are written to the access log.
    package var accessLog: AccessLog
    /// How a changed file is taken up.
    package var reload: Reload
    /// The shared store; `nil` means a store inside the process.
    package var redis: Redis?
    /// What this gateway issues; `nil` means that it only verifies.
    package var tokens: Tokens?
    /// Whose tokens are accepted besides its own.
    package var issuers: [Issuer]
    /// How far clocks may differ when `exp`, `nbf` and `iat` are judged.
    package var leewaySeconds: Int64
    /// Whether a scope `a:*` covers every scope that begins with `a:`.
    package var hasHierarchicalScopes: Bool
    /// Whether only tokens with `typ: at+jwt` (RFC 9068) are accepted.
    package var requiresTokenType: Bool
    /// How many verified tokens are remembered, over all event loops; 0 turns the cache off.
    package var verificationCacheEntryLimit: Int
    /// How revoked tokens are recognised.
    package var revocation: Revocation
    /// Where accounts are kept; `nil` means that there are none.
    package var credentials: Credentials?
    /// How people log in.
    package var login: Login
    /// The origins whose pages may call the gateway's own endpoints besides its own.
    package var crossOrigins: [String]
    /// Which requests are traced; `nil` means none.
    package var tracing: Tracing?
    /// The upstreams, in the order of the file; names are unique.
    package var upstreams: [Upstream]
    /// The routes, in the order of the file; each names one of ``upstreams``.
    package var routes: [Route]
}
