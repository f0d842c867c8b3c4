import Foundation
import GatewayConfiguration
import HTTP1
import JOSE
import Proxy
import RedisClient
import Revocation
import Sessions

/// What a configuration comes to: the values that each part is started with.
///
/// Reads the key files, starts nothing.
struct GatewayPlan: Sendable {
    let authentication: AuthenticationSettings
    let signingKeys: SigningKeys?
    let sessionPolicy: SessionPolicy?
    let lifetimes: RevocationLifetimes
    let revocationKeys: RevocationKeys
    /// The limits of the routes; `nil` when none has one.
    let rateLimits: RouteRateLimits?
    let upstreams: [Upstream]
    let listeners: [ListenerPlan]
    let redis: RedisConfiguration?

    private let configuration: Configuration
    /// For each route the policies it has, and which methods they are for; `nil` is for all others.
    private let routePolicies: [[(method: String?, policy: Int?)]]

    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - path: its file, named in advice.
    ///   - loopCount: how many event loops there will be.
    ///   - rateLimitsBefore: the limits in force, whose counts go on.
    /// - Throws: ``GatewayError`` for keys and certificates that are missing or unusable.
    init(
        _ configuration: Configuration, path: String, loopCount: Int, rateLimitsBefore: RouteRateLimits? = nil
    ) throws(GatewayError) {
        self.configuration = configuration
        listeners = try ListenerPlan.load(configuration)
        if let settings = configuration.redis {
            redis = try RedisConfiguration(settings)
        } else {
            redis = nil
        }
        revocationKeys = RevocationKeys(prefix: configuration.redis?.keyPrefix ?? "portcullis:")
        var upstreams: [Upstream] = []
        for upstream in configuration.upstreams { upstreams.append(try Upstream(upstream, loopCount: loopCount)) }
        self.upstreams = upstreams
        let foreignLifetime = configuration.issuers.map(\.maximumLifetimeSeconds).max() ?? 0
        if let tokens = configuration.tokens {
            let source = SigningKeySource(
                tokens, leewaySeconds: configuration.leewaySeconds, configurationPath: path)
            do throws(SigningKeyError) {
                signingKeys = try source.load().keys(atSeconds: Int64(Date.now.timeIntervalSince1970))
            } catch {
                throw GatewayError(.configuration, error.description)
            }
            sessionPolicy = SessionPolicy(
                issuer: tokens.issuer, audiences: tokens.audiences,
                accessLifetimeSeconds: tokens.accessLifetimeSeconds,
                refreshLifetimeSeconds: tokens.refreshLifetimeSeconds,
                sessionLifetimeSeconds: tokens.sessionLifetimeSeconds,
                rotationGraceSeconds: tokens.rotationGraceSeconds, leewaySeconds: configuration.leewaySeconds,
                foreignLifetimeSeconds: foreignLifetime, extraClaims: ExtraClaims(tokens.claims))
        } else {
            signingKeys = nil
            sessionPolicy = nil
        }
        lifetimes =
            sessionPolicy?.revocationLifetimes
            ?? RevocationLifetimes(
                accessMilliseconds: 0, foreignMilliseconds: foreignLifetime * 1000,
                leewayMilliseconds: configuration.leewaySeconds * 1000)
        var policies = [RoutePolicy(nil, outagePolicy: configuration.revocation.onUnavailable)]
        var routePolicies: [[(method: String?, policy: Int?)]] = []
        // Of the policy with the same index.
        var limits: [RouteRateLimits.Entry?] = [nil]
        for route in configuration.routes {
            switch route.access {
            case .anyone where route.rateLimit == nil:
                routePolicies.append([(nil, nil)])
                continue
            case .anyone:
                // Only there to be limited: nobody asks for a token, but whoever did would not let one pass unseen.
                routePolicies.append([(nil, policies.count)])
                policies.append(RoutePolicy(nil, outagePolicy: .closed))
            case .token(let requirement):
                // HEAD before GET, whose rule would take it, too.
                let methods = requirement.methodScopes.keys.sorted {
                    ($0 == "HEAD" ? 0 : 1, $0) < ($1 == "HEAD" ? 0 : 1, $1)
                }
                var found: [(method: String?, policy: Int?)] = []
                for method in methods.map(Optional.some) + [nil] {
                    let scopes = method.flatMap { requirement.methodScopes[$0] } ?? requirement.scopes
                    found.append((method, policies.count))
                    policies.append(
                        RoutePolicy(
                            requirement, scopes: scopes, outagePolicy: route.onUnavailable,
                            isHierarchical: configuration.hasHierarchicalScopes))
                }
                routePolicies.append(found)
            }
            while limits.count < policies.count { limits.append(route.rateLimit.map { .init($0, of: route) }) }
        }
        self.routePolicies = routePolicies
        rateLimits = RouteRateLimits(
            limits, keyPrefix: revocationKeys.prefix, after: rateLimitsBefore)
        let issuers = try Self.issuers(configuration, signingKeys, policies)
        authentication = AuthenticationSettings(
            issuers: issuers, leewaySeconds: configuration.leewaySeconds,
            policies: PolicySet(policies),
            cacheEntriesPerLoop: configuration.verificationCacheEntryLimit / max(loopCount, 1),
            apiKeys: .init(
                entriesPerLoop: (configuration.credentials?.apiKeyCacheEntryLimit ?? 0) / max(loopCount, 1) + 1,
                lifetimeSeconds: configuration.credentials?.apiKeyCacheLifetimeSeconds ?? 0,
                issuer: configuration.tokens?.issuer ?? ""),
            revocationKeys: revocationKeys, queryForms: configuration.redis == nil ? .names : [.command, .digests],
            asksDenyList: configuration.revocation.mode != .off,
            staleGraceNanoseconds: configuration.revocation.staleGraceMilliseconds * 1_000_000)
    }

    /// What the data path is started with.
    ///
    /// - Parameters:
    ///   - endpoints: what the gateway answers itself.
    ///   - connectionLimit: the most client connections.
    /// - Returns: routes, upstreams and limits.
    func proxyConfiguration(
        endpoints: [(path: String, method: String)], connectionLimit: Int
    ) -> ProxyConfiguration {
        let indices = Dictionary(uniqueKeysWithValues: upstreams.enumerated().map { ($1.name, $0) })
        var routes = endpoints.map {
            Route(
                label: $0.path, path: $0.path, isExact: !$0.path.hasSuffix("/"),
                methods: [$0.method] + (configuration.crossOrigins.isEmpty ? [] : ["OPTIONS"]),
                destination: .controlPlane)
        }
        routes.append(Route(label: "/auth/verify", path: "/auth/verify", isExact: true, destination: .verify))
        routes.append(Route(label: "/auth/ext-authz/", path: "/auth/ext-authz/", destination: .verifyPath))
        for (route, policies) in zip(configuration.routes, routePolicies) {
            routes += policies.map { method, policy in
                Route(
                    label: (route.host ?? "") + route.path, host: route.host, path: route.path,
                    methods: method.map { [$0] } ?? route.methods ?? [],
                    destination: .upstream(indices[route.upstreamName] ?? 0),
                    stripsPrefix: route.stripsPrefix, policy: policy,
                    forwardsCredentials: route.forwardsCredentials)
            }
        }
        let fraction: Double =
            switch configuration.accessLog {
            case .off: 0
            case .everyRequest: 1
            case .sampled(let fraction): fraction
            }
        var limits = ProxyConfiguration.Limits(configuration.limits)
        limits.connections = connectionLimit
        return ProxyConfiguration(
            routes: RouteTable(routes), upstreams: upstreams, limits: limits,
            trustedProxies: configuration.trustedProxies.compactMap {
                NetworkRange(network: $0.network, prefixLength: $0.prefixLength)
            }, trustsLocalPeers: configuration.trustsLocalPeers,
            withheldCookie: configuration.login.usesCookies ? WithheldCookie(name: RefreshCookie.name) : nil,
            accessLogFraction: fraction)
    }

    private static func issuers(
        _ configuration: Configuration, _ signingKeys: SigningKeys?, _ policies: [RoutePolicy]
    ) throws(GatewayError) -> [AuthenticationSettings.Issuer] {
        // The verifier takes every audience that any route takes; each route then narrows to its own.
        let named = policies.flatMap(\.namedAudiences)
        var issuers: [AuthenticationSettings.Issuer] = []
        if let tokens = configuration.tokens, let keys = signingKeys?.verificationKeys {
            let trusted = TrustedIssuer(
                issuer: tokens.issuer, audiences: tokens.audiences + named,
                // Each key is pinned to its own; another key may bring another algorithm while the gateway runs.
                algorithms: Set(SignatureAlgorithm.allCases), keys: keys, requireType: true,
                // A revocation is kept for this long, so nothing older may be accepted, whatever was issued before.
                maximumLifetimeSeconds: tokens.accessLifetimeSeconds)
            issuers.append(.init(trusted: trusted, audiences: tokens.audiences, origin: .own))
        }
        for issuer in configuration.issuers {
            let keys: JSONWebKeySet
            var isAvailable = true
            switch issuer.keySource {
            case .file(let path): keys = try KeySetFile.read(path, issuer: issuer.issuer)
            case .published:
                keys = JSONWebKeySet.unknown
                isAvailable = false
            }
            let algorithms = Set(issuer.algorithms.compactMap { SignatureAlgorithm(rawValue: $0.rawValue) })
            var trusted = TrustedIssuer(
                issuer: issuer.issuer, audiences: issuer.audiences + named,
                audienceClaim: AudienceClaim(issuer.audienceClaim), algorithms: algorithms, keys: keys,
                requireType: configuration.requiresTokenType,
                maximumLifetimeSeconds: issuer.maximumLifetimeSeconds, claims: ClaimMapping(issuer.claims))
            trusted.isAvailable = isAvailable
            issuers.append(
                .init(trusted: trusted, audiences: issuer.audiences, origin: .foreign(issuer: issuer.issuer)))
        }
        return issuers
    }
}

extension ClaimMapping {
    init(_ names: Configuration.Issuer.ClaimNames) {
        self.init(subject: names.subject, scope: names.scope, clientID: names.clientID)
    }
}

extension AudienceClaim {
    init(_ claim: Configuration.AudienceClaim) {
        switch claim {
        case .audience: self = .audience
        case .clientID: self = .clientID
        }
    }
}

extension ProxyConfiguration.Limits {
    init(_ limits: Configuration.Limits) {
        self.init()
        head.startLineBytes = limits.requestLineByteLimit
        head.headerBytes = limits.headerByteLimit
        head.fieldCount = limits.headerCountLimit
        bodyBytes = limits.bodyByteLimit
        headerTimeoutMilliseconds = limits.headerTimeoutMilliseconds
        bodyIdleTimeoutMilliseconds = limits.bodyIdleTimeoutMilliseconds
        bodyMinimumRate = limits.bodyMinimumRate
        sendTimeoutMilliseconds = limits.sendTimeoutMilliseconds
        tunnelIdleTimeoutMilliseconds = limits.tunnelIdleTimeoutMilliseconds
        requestsPerConnection = limits.requestsPerConnectionLimit
        keepAliveTimeoutMilliseconds = limits.keepAliveTimeoutMilliseconds
        connections = limits.connectionLimit
        connectionsPerAddress = limits.connectionsPerAddressLimit
        http2Streams = limits.http2StreamLimit
    }
}
