import GatewayConfiguration
package import JOSE
import Logging
import Revocation

/// What an event loop does to a token up to the question to the deny-list, without an event loop: for the benchmark that
/// watches over its cost and its memory.
package final class AuthenticationProbe {
    private let loop: LoopAuthenticator

    /// - Parameters:
    ///   - issuers: whom to trust.
    ///   - cacheEntries: how many tokens are remembered.
    /// - Throws: `JOSEError` when a key cannot be used.
    package init(issuers: [TrustedIssuer], cacheEntries: Int) throws(JOSEError) {
        let policies = [RoutePolicy(nil, outagePolicy: .closed)]
        let settings = AuthenticationSettings(
            issuers: issuers.map {
                .init(trusted: $0, audiences: $0.audiences, origin: .foreign(issuer: $0.issuer))
            }, leewaySeconds: 30, policies: policies, cacheEntriesPerLoop: cacheEntries,
            revocationKeys: RevocationKeys(prefix: "portcullis:"), queryForms: .command, asksDenyList: true)
        let store = InProcessDenyList(keys: settings.revocationKeys)
        loop = try LoopAuthenticator(
            settings: settings, denyList: DenyList(inProcess: store), logger: Logger(label: "probe"))
    }

    /// Verifies a token, or remembers that it was verified, and judges its times by the real clock.
    ///
    /// - Throws: `TokenRejection` with the first rule broken.
    package func verify(_ token: UnsafeRawBufferPointer) throws(TokenRejection) {
        _ = try loop.verify(token)
    }
}
