import JOSE
import LibCrypto
package import Revocation
import Synchronization

/// Issues tokens, rotates refresh tokens, ends sessions.
package final class SessionService: Sendable {
    let policy: SessionPolicy
    let store: any SessionStore
    /// Hears of every end that the store has not confirmed; see ``RevocationWriter``.
    let unconfirmed: (any RevocationWriter)?
    private let keys: Mutex<Keys>
    let clock: @Sendable () -> Int64
    let audit: @Sendable (AuditEvent) -> Void

    private struct Keys {
        var signer: TokenSigner
        var sealer: RefreshTokenSealer
    }

    /// - Parameters:
    ///   - policy: what goes into tokens and how long they live.
    ///   - signingKeys: the keys to sign with, from ``SigningKeyDirectory/load()``.
    ///   - store: where sessions are kept.
    ///   - unconfirmed: told of every end that the store does not confirm, so that this node refuses the tokens all the
    ///     same where the writer remembers what it could not write.
    ///   - clock: the wall clock, milliseconds since 1970.
    ///   - audit: receives what happened, on the task that did it.
    /// - Throws: ``SessionError/signingFailed`` for a refresh key of the wrong length.
    package init(
        policy: SessionPolicy,
        signingKeys: SigningKeys,
        store: any SessionStore,
        unconfirmed: (any RevocationWriter)? = nil,
        clock: @escaping @Sendable () -> Int64,
        audit: @escaping @Sendable (AuditEvent) -> Void
    ) throws(SessionError) {
        self.policy = policy
        self.store = store
        self.unconfirmed = unconfirmed
        self.clock = clock
        self.audit = audit
        keys = Mutex(try Self.prepare(signingKeys, policy))
    }

    /// Takes other keys from now on, as after a rotation.
    /// - Throws: ``SessionError/signingFailed`` for a refresh key of the wrong length; the keys stay as they were.
    package func use(_ signingKeys: SigningKeys) throws(SessionError) {
        let prepared = try Self.prepare(signingKeys, policy)
        keys.withLock { $0 = prepared }
    }

    /// Begins a session after a login.
    /// - Throws: ``SessionError``: `unavailable`, `signingFailed` (also for claims over their bound).
    package func begin(
        subject: String, clientID: String, scope: Scope, details: SessionDetails = .none
    ) async throws(SessionError) -> IssuedTokens {
        guard details.claims.utf8.count <= SessionDetails.maximumClaimsBytes else { throw .signingFailed }
        let keys = currentKeys
        let now = clock()
        let new = NewSession(
            id: Hexadecimal.encode(try Self.random(16)),
            subject: subject,
            clientID: clientID,
            scope: scope,
            keyID: keys.signer.keyID,
            details: details
        )
        let grant: SessionGrant
        do {
            grant = try await store.begin(new, policy: policy, nowMilliseconds: now)
        } catch {
            throw .unavailable
        }
        let tokens = try issue(grant, scope: scope, keys: keys, nowMilliseconds: now)
        audit(.sessionBegan(session: new.id, subject: subject, clientID: clientID))
        return tokens
    }

    /// Makes an access token without a session, for a client that acts for itself (RFC 6749, section 4.4).
    /// - Throws: ``SessionError``: `unavailable`, `signingFailed`.
    package func issueAccessToken(
        subject: String, clientID: String, scope: Scope
    ) async throws(SessionError) -> IssuedAccessToken {
        let keys = currentKeys
        let instant: Int64
        do {
            instant = try await store.issueInstant(
                subject: subject,
                clientID: clientID,
                keyID: keys.signer.keyID,
                policy: policy,
                nowMilliseconds: clock()
            )
        } catch {
            throw .unavailable
        }
        let issuer = AccessTokenIssuer(signer: keys.signer, policy: policy)
        let access = try issuer.issue(
            subject: subject,
            clientID: clientID,
            scope: scope,
            sessionID: nil,
            issuedAtMilliseconds: instant,
            endsMilliseconds: nil
        )
        return IssuedAccessToken(
            accessToken: access.token, expiresInSeconds: access.lifetimeSeconds, scope: scope.text)
    }

    /// Exchanges a refresh token (RFC 6749, section 6; rotation by RFC 9700, section 4.14.2).
    ///
    /// After `unavailable` the token may have been used up: the same one again, within the grace, gets the successor.
    /// - Parameters:
    ///   - refreshToken: the token presented.
    ///   - scope: a narrower scope for the access token; `nil` or empty for all of the session's.
    ///   - clientID: the client that presents it, when that is known.
    ///   - address: where it came from, when that is known.
    /// - Returns: a new pair.
    /// - Throws: ``SessionError``: any.
    package func refresh(
        _ refreshToken: String, scope: String? = nil, clientID: String? = nil, address: String? = nil
    ) async throws(SessionError) -> IssuedTokens {
        let keys = currentKeys
        let token = try open(refreshToken, keys)
        let wanted = try Self.narrower(scope)
        let now = clock()
        let request = RotationRequest(
            sessionID: token.sessionID,
            generation: token.generation,
            clientID: clientID,
            scope: wanted,
            keyID: keys.signer.keyID,
            address: address
        )
        let outcome: RotationOutcome
        do {
            outcome = try await store.rotate(request, policy: policy, nowMilliseconds: now)
        } catch {
            throw .unavailable
        }
        let (grant, isRetry) = try accept(outcome, of: token, nowMilliseconds: now)
        let tokens = try issue(grant, scope: wanted ?? grant.session.scope, keys: keys, nowMilliseconds: now)
        audit(
            .refreshed(
                session: grant.session.id,
                subject: grant.session.subject,
                generation: grant.session.generation,
                isRetry: isRetry,
                sessionAgeMilliseconds: max(0, now - grant.session.createdMilliseconds)
            )
        )
        return tokens
    }
}

extension SessionService {
    var currentRefreshTokens: RefreshTokenSealer { currentKeys.sealer }

    private var currentKeys: Keys { keys.withLock { $0 } }

    private static func prepare(_ signingKeys: SigningKeys, _ policy: SessionPolicy) throws(SessionError) -> Keys {
        let sealer = try RefreshTokenSealer(key: signingKeys.refreshKey, issuer: policy.issuer)
        return Keys(signer: signingKeys.signer, sealer: sealer)
    }

    private static func random(_ count: Int) throws(SessionError) -> [UInt8] {
        do {
            return try Random.bytes(count)
        } catch {
            throw .signingFailed
        }
    }

    private static func narrower(_ scope: String?) throws(SessionError) -> Scope? {
        guard let scope, !scope.isEmpty else { return nil }
        guard let wanted = Scope(scope) else { throw .invalidScope }
        return wanted
    }

    private func open(_ text: String, _ keys: Keys) throws(SessionError) -> RefreshToken {
        do {
            return try keys.sealer.open(text)
        } catch {
            throw refused(nil, error)
        }
    }

    private func refused(_ session: String?, _ reason: SessionError.Grant) -> SessionError {
        audit(.refreshRefused(session: session, reason: reason))
        return .invalidGrant(reason)
    }

    private func accept(
        _ outcome: RotationOutcome, of token: RefreshToken, nowMilliseconds: Int64
    ) throws(SessionError) -> (SessionGrant, isRetry: Bool) {
        switch outcome {
        case .rotated(let grant): return (grant, false)
        case .retried(let grant): return (grant, true)
        case .scopeExceeded: throw .invalidScope
        case .absent: throw refused(token.sessionID, .unknownSession)
        case .expired: throw refused(token.sessionID, .expired)
        case .otherClient: throw refused(token.sessionID, .otherClient)
        case .cutOff(let session):
            audit(.sessionEnded(session: session.id, subject: session.subject, reason: .revoked))
            throw refused(token.sessionID, .revoked)
        case .reused(let session):
            reportReuse(of: token, session, nowMilliseconds)
            throw .invalidGrant(.reused)
        case .ahead(let session):
            reportReuse(of: token, session, nowMilliseconds)
            throw .invalidGrant(.ahead)
        }
    }

    private func reportReuse(of token: RefreshToken, _ session: SessionRecord, _ nowMilliseconds: Int64) {
        audit(
            .reuseDetected(
                session: session.id,
                subject: session.subject,
                presentedGeneration: token.generation,
                currentGeneration: session.generation,
                sinceRotationMilliseconds: max(0, nowMilliseconds - session.rotatedMilliseconds),
                sessionAgeMilliseconds: max(0, nowMilliseconds - session.createdMilliseconds)
            )
        )
    }

    private func issue(
        _ grant: SessionGrant, scope: Scope, keys: Keys, nowMilliseconds: Int64
    ) throws(SessionError) -> IssuedTokens {
        let session = grant.session
        let access = try AccessTokenIssuer(signer: keys.signer, policy: policy).issue(
            subject: session.subject,
            clientID: session.clientID,
            scope: scope,
            sessionID: session.id,
            issuedAtMilliseconds: grant.issuedAtMilliseconds,
            endsMilliseconds: session.endsMilliseconds
        )
        let refreshToken = try keys.sealer.seal(
            RefreshToken(sessionID: session.id, generation: session.generation))
        return IssuedTokens(
            accessToken: access.token,
            expiresInSeconds: access.lifetimeSeconds,
            refreshToken: refreshToken,
            refreshExpiresInSeconds: max(0, session.expiresMilliseconds - nowMilliseconds) / 1000,
            scope: scope.text,
            sessionID: session.id,
            subject: session.subject
        )
    }
}
