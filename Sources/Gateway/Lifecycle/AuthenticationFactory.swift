import Credentials
import Logging
import NIOCore
import Proxy
import RedisClient

/// Gives each event loop what decides about its requests, at the start and when the configuration is another one.
struct AuthenticationFactory: Sendable {
    let revocation: RevocationParts
    let trust: TrustStore
    let keySources: IssuerKeySources
    let redis: RedisClient?
    let machines: MachineAuthenticator?
    let logger: Logger

    /// What makes the authentication of each connection; on the event loop, for the first time.
    func make(
        _ settings: AuthenticationSettings, _ limits: RouteRateLimits?, on eventLoop: any EventLoop
    ) -> () -> Authentication {
        let apiKeys = machines.map { LoopAPIKeys(settings: settings, authenticator: $0, eventLoop: eventLoop) }
        let authenticator = try? LoopAuthenticator(
            settings: settings, trust: trust.current, unknownKeys: keySources.unknownKeys(settings),
            denyList: revocation.denyList(on: eventLoop), outage: revocation.outage, apiKeys: apiKeys, logger: logger)
        guard let authenticator else { return { Authentication() } }
        trust.subscribe(authenticator, on: eventLoop)
        revocation.add(authenticator, on: eventLoop)
        return authentication(authenticator, limits, on: eventLoop)
    }

    /// The same for another configuration.
    ///
    /// - Parameters:
    ///   - settings: what tokens are judged by from here on; `nil` when that is as before.
    ///   - limits: the limits of the routes.
    ///   - eventLoop: the event loop, on which this is called.
    /// - Returns: what makes the authentication of each connection.
    func remake(
        _ settings: AuthenticationSettings?, _ limits: RouteRateLimits?, on eventLoop: any EventLoop
    ) -> () -> Authentication {
        guard let authenticator = revocation.authenticator(on: eventLoop) else { return { Authentication() } }
        if let settings {
            authenticator.adopt(settings, trust: trust.current, unknownKeys: keySources.unknownKeys(settings))
        }
        return authentication(authenticator, limits, on: eventLoop)
    }

    private func authentication(
        _ authenticator: LoopAuthenticator, _ limits: RouteRateLimits?, on eventLoop: any EventLoop
    ) -> () -> Authentication {
        let policies = authenticator.settings.policies
        guard let limiters = limits?.onLoop(connection: redis?.connection(on: eventLoop), logger: logger) else {
            return { TokenAuthentication(loop: authenticator, policies: policies) }
        }
        return {
            LimitedAuthentication(TokenAuthentication(loop: authenticator, policies: policies), limiters: limiters)
        }
    }
}
