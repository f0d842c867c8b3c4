// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // Overlapping accesses are found by the compiler, and by the run-time checks of debug builds, which run every test.
    // In release builds those checks would cost the data path some 4 % of its time.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let tlsEvents = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let http2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

func target(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        swiftSettings: settings)
}

let package = Package(
    name: "portcullis",
    products: [
        .executable(name: "portcullis", targets: ["portcullis"]),
        .executable(name: "demo-backend", targets: ["demo-backend"]),
        // For the package in Fuzz/.
        .library(name: "FuzzInvariants", targets: ["FuzzInvariants"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CCrypt"),
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CPostgres"),
        target("LibCrypto", ["COpenSSL"]),
        target("JOSE", ["LibCrypto"]),
        target("HTTP1", [.product(name: "NIOCore", package: "swift-nio")]),
        target("PeerIdentity", ["LibCrypto", tls, tlsEvents] + nio),
        target("RedisClient", ["CHiredis", "PeerIdentity", logging, tls] + nio),
        target("Revocation", ["RedisClient", "LibCrypto", logging] + nio),
        target("RateLimiting", ["RedisClient", "LibCrypto", logging] + nio),
        target("Sessions", ["JOSE", "LibCrypto", "Revocation", "RedisClient"]),
        target(
            "Credentials",
            ["LibCrypto", "CCrypt", "CPostgres", logging, .product(name: "GRDB", package: "GRDB.swift")]),
        target("Proxy", ["HTTP1", "PeerIdentity", logging, tls, tlsEvents, http2] + nio),
        target("GatewayConfiguration", ["Yams"]),
        target(
            "Gateway",
            [
                "GatewayConfiguration", "Credentials", "HTTP1", "JOSE", "LibCrypto", "PeerIdentity", "Proxy",
                "RateLimiting", "RedisClient", "Revocation",
                "Sessions", logging, .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"), tls,
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ] + nio, resources: [.embedInCode("openapi.yaml")]),
        .executableTarget(
            name: "portcullis",
            dependencies: [
                "GatewayConfiguration", "Credentials", "Gateway", "JOSE", "LibCrypto", "Proxy", "Sessions", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "demo-backend",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"), logging,
            ], swiftSettings: settings),
        .executableTarget(
            name: "crypto-benchmark", dependencies: ["LibCrypto"], path: "bench/CryptoBenchmark",
            swiftSettings: settings),
        .target(name: "CCounting", path: "bench/CCounting"),
        .executableTarget(
            name: "token-benchmark",
            dependencies: [
                "CCounting", "Gateway", "HTTP1", "JOSE", "LibCrypto", "Proxy", "RedisClient", "Revocation",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "bench/TokenBenchmark", exclude: ["limits.txt"], swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        tests("LibCrypto", ["COpenSSL"]),
        tests(
            "HTTP1",
            [
                "FuzzInvariants", "TestSupport", .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio),
        tests(
            "Credentials",
            ["LibCrypto", "CCrypt", "TestSupport", logging, .product(name: "GRDB", package: "GRDB.swift")]),
        tests(
            "Proxy",
            ["HTTP1", "TestSupport", logging, tls, http2, .product(name: "NIOEmbedded", package: "swift-nio")] + nio,
            exclude: ["Support/backend.py"]),
        tests("GatewayConfiguration"),
        tests("JOSE", ["LibCrypto", "TestSupport"]),
        .target(
            name: "TestSupport", dependencies: nio + [.product(name: "NIOHTTP1", package: "swift-nio")],
            path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "FuzzInvariants",
            dependencies: ["HTTP1", "JOSE", "LibCrypto", .product(name: "NIOCore", package: "swift-nio")],
            path: "Tests/FuzzInvariants", swiftSettings: settings),
        .target(
            name: "StoreTestSupport", dependencies: ["RedisClient", "Revocation", "TestSupport", logging] + nio,
            path: "Tests/StoreTestSupport", swiftSettings: settings),
        tests("Revocation", ["RedisClient", "TestSupport", "StoreTestSupport"] + nio),
        tests("RateLimiting", ["RedisClient", "TestSupport", "StoreTestSupport", logging] + nio),
        tests(
            "Sessions", ["Revocation", "RedisClient", "JOSE", "LibCrypto", "TestSupport", "StoreTestSupport"]),
        // The program is named so that it is built: some of these tests run it.
        tests(
            "Gateway",
            [
                "portcullis", "GatewayConfiguration", "Credentials", "JOSE", "LibCrypto", "Proxy", "Sessions",
                "TestSupport", "StoreTestSupport", "RateLimiting", "RedisClient", tls, logging,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ] + nio, exclude: ["interop.py", "websocket_interop.py"]),
        tests("RedisClient", ["TestSupport", logging, .product(name: "NIOEmbedded", package: "swift-nio")] + nio),
    ]
)
