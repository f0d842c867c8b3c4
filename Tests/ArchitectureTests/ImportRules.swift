/// What a target may import.
struct ImportRule {
    /// The folder below `Sources`.
    let target: String
    /// Targets of this package.
    let own: Set<String>
    /// Modules of other packages.
    let packages: Set<String>
    /// Modules that come with Swift, besides those in ``ImportRules/everywhere``.
    let platform: Set<String>

    init(_ target: String, own: Set<String> = [], packages: Set<String> = [], platform: Set<String> = []) {
        self.target = target
        self.own = own
        self.packages = packages
        self.platform = platform
    }

    /// Everything it may import.
    var allowed: Set<String> { own.union(packages).union(platform).union(ImportRules.everywhere) }
}

/// Which target may import what: the table of docs/ARCHITECTURE.md.
enum ImportRules {
    /// The C library and the atomics, which every target may use.
    static let everywhere: Set<String> = ["Glibc", "Musl", "Darwin", "Synchronization"]

    /// From the lowest up: a target imports only what stands above it here.
    static let table: [ImportRule] = [
        ImportRule("CCrypt"),
        ImportRule("CHiredis"),
        ImportRule("COpenSSL"),
        ImportRule("CPostgres"),
        ImportRule("LibCrypto", own: ["COpenSSL"]),
        ImportRule("JOSE", own: ["LibCrypto"]),
        ImportRule("HTTP1", packages: ["NIOCore"]),
        ImportRule("PeerIdentity", own: ["LibCrypto"], packages: ["NIOCore", "NIOSSL", "NIOTLS"]),
        ImportRule(
            "RedisClient", own: ["CHiredis", "PeerIdentity"], packages: ["Logging", "NIOCore", "NIOPosix", "NIOSSL"]),
        ImportRule("Revocation", own: ["LibCrypto", "RedisClient"], packages: ["Logging", "NIOCore"]),
        ImportRule("RateLimiting", own: ["LibCrypto", "RedisClient"], packages: ["Logging", "NIOCore"]),
        ImportRule("Sessions", own: ["JOSE", "LibCrypto", "RedisClient", "Revocation"]),
        ImportRule(
            "Credentials", own: ["CCrypt", "CPostgres", "LibCrypto"], packages: ["GRDB", "Logging"],
            platform: ["Dispatch", "Foundation"]),
        ImportRule(
            "Proxy", own: ["HTTP1", "PeerIdentity"],
            packages: [
                "Logging", "NIOConcurrencyHelpers", "NIOCore", "NIOHPACK", "NIOHTTP2", "NIOPosix", "NIOSSL", "NIOTLS",
            ],
            platform: ["Foundation"]),
        ImportRule("GatewayConfiguration", packages: ["Yams"], platform: ["Foundation"]),
        ImportRule(
            "Gateway",
            own: [
                "Credentials", "GatewayConfiguration", "HTTP1", "JOSE", "LibCrypto", "PeerIdentity", "Proxy",
                "RateLimiting", "RedisClient", "Revocation", "Sessions",
            ],
            packages: [
                "AsyncHTTPClient", "CoreMetrics", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1",
                "NIOPosix", "NIOSSL", "ServiceLifecycle", "Tracing",
            ],
            platform: ["Foundation"]),
        ImportRule(
            "portcullis", own: ["Credentials", "Gateway", "GatewayConfiguration", "JOSE", "Proxy", "Sessions"],
            packages: [
                "ArgumentParser", "AsyncHTTPClient", "Logging", "NIOCore", "NIOHTTP1", "ServiceLifecycle",
                "UnixSignals",
            ], platform: ["Foundation"]),
        ImportRule("demo-backend", packages: ["HTTPTypes", "Hummingbird", "Logging"], platform: ["Foundation"]),
    ]
}
