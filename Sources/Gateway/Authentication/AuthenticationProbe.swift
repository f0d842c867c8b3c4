import GatewayConfiguration
package import JOSE
import Revocation

/// What an event loop does to a token up to the question to the deny-list, as ``LoopAuthenticator`` does it but without an
/// event loop: for the benchmark that watches over its cost and its memory.
package final class AuthenticationProbe {
    private let settings: AuthenticationSettings
    private let verifier: TokenVerifier
    private let cache: VerificationCache<KnownToken>

    /// - Parameters:
    ///   - issuers: whom to trust.
    ///   - cacheEntries: how many tokens are remembered.
    /// - Throws: `JOSEError` when a key cannot be used.
    package init(issuers: [TrustedIssuer], cacheEntries: Int) throws(JOSEError) {
        let policies = [RoutePolicy(nil, outagePolicy: .closed)]
        settings = AuthenticationSettings(
            issuers: issuers.map {
                .init(trusted: $0, audiences: $0.audiences, origin: .foreign(issuer: $0.issuer))
            }, leewaySeconds: 30, policies: PolicySet(policies), cacheEntriesPerLoop: cacheEntries,
            revocationKeys: RevocationKeys(prefix: "portcullis:"), queryForms: [.command, .digests],
            asksDenyList: true)
        verifier = try TokenVerifier(issuers: issuers, leewaySeconds: 30)
        cache = VerificationCache(capacity: cacheEntries)
    }

    /// Verifies a token, or remembers that it was verified.
    ///
    /// - Parameters:
    ///   - token: the compact serialization.
    ///   - nowSeconds: seconds since 1970.
    /// - Throws: `TokenRejection` with the first rule broken.
    package func verify(_ token: UnsafeRawBufferPointer, nowSeconds: Int64) throws(TokenRejection) {
        if let known = cache.value(for: token) {
            if let rejection = known.validity.rejection(nowSeconds: nowSeconds, leewaySeconds: 30) { throw rejection }
            return
        }
        let known = KnownToken(try verifier.verify(token, nowSeconds: nowSeconds), settings: settings)
        cache.insert(token: token, value: known)
    }
}
