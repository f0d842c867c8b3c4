import Foundation
import JOSE
import Logging
import Proxy
import Revocation

/// What the authentications of one event loop share: the verifier, the tokens it remembers, and the deny-list.
final class LoopAuthenticator {
    let settings: AuthenticationSettings
    let denyList: DenyList
    let logger: Logger
    /// `nil` where there is no database that API keys could be in.
    let apiKeys: LoopAPIKeys?
    private let leewaySeconds: Int64
    private let verifier: TokenVerifier
    private let cache: VerificationCache<KnownToken>

    init(
        settings: AuthenticationSettings, denyList: DenyList, apiKeys: LoopAPIKeys? = nil, logger: Logger
    ) throws(JOSEError) {
        self.settings = settings
        self.denyList = denyList
        self.apiKeys = apiKeys
        self.logger = logger
        leewaySeconds = settings.leewaySeconds
        verifier = try settings.makeVerifier()
        cache = VerificationCache(capacity: settings.cacheEntriesPerLoop)
    }

    /// Verifies a token, or remembers that it was verified.
    ///
    /// Either way its times have been judged just now.
    func verify(_ token: UnsafeRawBufferPointer) throws(TokenRejection) -> KnownToken {
        let now = Self.nowSeconds
        if let known = cache.value(for: token) {
            if let rejection = known.validity.rejection(nowSeconds: now, leewaySeconds: leewaySeconds) {
                throw rejection
            }
            return known
        }
        let known = KnownToken(try verifier.verify(token, nowSeconds: now), settings: settings)
        cache.insert(token: token, value: known)
        return known
    }

    private static var nowSeconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}
