import JOSE
import LibCrypto
import Revocation
import Synchronization

/// Issues tokens, rotates refresh tokens, ends sessions.
package final class SessionService: Sendable {
    let policy: SessionPolicy
    let store: any SessionStore
    private let keys: Mutex<Keys>
    let clock: @Sendable () -> Int64
    let audit: @Sendable (AuditEvent) -> Void

    private struct Keys {
        var signing: SigningKeys
        var sealer: RefreshTokenSealer

        var signer: TokenSigner { signing.signer }
    }

    private let randomBytes: @Sendable (Int) throws(SessionError) -> [UInt8]

    /// - Parameters:
    ///   - policy: what goes into tokens and how long they live.
    ///   - signingKeys: the keys to sign with; what they do changes with the clock.
    ///   - store: where sessions are kept.
    ///   - clock: the wall clock, milliseconds since 1970.
    ///   - random: gives unpredictable bytes.
    ///   - audit: receives what happened, on the task that did it.
    /// - Throws: ``SessionError/signingFailed`` for a refresh key of the wrong length.
    package init(
        policy: SessionPolicy,
        signingKeys: SigningKeys,
        store: any SessionStore,
        clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) throws(SessionError) -> [UInt8] = SessionService.unpredictableBytes,
        audit: @escaping @Sendable (AuditEvent) -> Void
    ) throws(SessionError) {
        self.policy = policy
        self.store = store
        self.clock = clock
        randomBytes = random
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
    /// - Throws: ``SessionError``: `unavailable`, `signingFailed` (also for claims that are no JSON object or over their bound),
    ///   `invalidTarget`.
    package func begin(
        subject: String, clientID: String, scope: Scope, details: SessionDetails = .none, audiences: [String]? = nil
    ) async throws(SessionError) -> IssuedTokens {
        _ = try policy.audience(of: audiences)
        _ = try details.ownClaims()
        let keys = currentKeys
        let now = clock()
        let new = NewSession(
            id: Hexadecimal.encode(try randomBytes(16)),
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
        let tokens = try issue(grant, scope: scope, audiences: audiences, keys: keys, nowMilliseconds: now)
        audit(.sessionBegan(session: new.id, subject: subject, clientID: clientID))
        return tokens
    }

    /// Makes an access token without a session, for a client that acts for itself (RFC 6749, section 4.4).
    /// - Throws: ``SessionError``: `unavailable`, `signingFailed`.
    package func issueAccessToken(
        subject: String, clientID: String, scope: Scope, audiences: [String]? = nil
    ) async throws(SessionError) -> IssuedAccessToken {
        _ = try policy.audience(of: audiences)
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
        let access = try AccessTokenIssuer(signer: keys.signer, policy: policy, random: randomBytes).issue(
            .init(subject: subject, clientID: clientID, scope: scope, sessionID: nil, audiences: audiences),
            issuedAtMilliseconds: instant, endsMilliseconds: nil)
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
    ///   - audiences: those of the policy's audiences that the access token is for; `nil` for all (RFC 8707).
    /// - Returns: a new pair.
    /// - Throws: ``SessionError``: any.
    package func refresh(
        _ refreshToken: String, scope: String? = nil, clientID: String? = nil, address: String? = nil,
        audiences: [String]? = nil
    ) async throws(SessionError) -> IssuedTokens {
        _ = try policy.audience(of: audiences)
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
        let tokens = try issue(
            grant, scope: wanted ?? grant.session.scope, audiences: audiences, keys: keys, nowMilliseconds: now)
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

    /// The keys as they are now: what the schedule plans happens here, with no one to tell of it.
    private var currentKeys: Keys {
        let now = clock() / 1000
        return keys.withLock { keys in
            if let change = keys.signing.nextChangeSeconds, now >= change,
                let changed = try? Self.prepare(keys.signing.at(now), policy)
            {
                keys = changed
            }
            return keys
        }
    }

    private static func prepare(_ signingKeys: SigningKeys, _ policy: SessionPolicy) throws(SessionError) -> Keys {
        let sealer = try RefreshTokenSealer(keys: signingKeys.refreshKeys, issuer: policy.issuer)
        return Keys(signing: signingKeys, sealer: sealer)
    }

    /// Random bytes of OpenSSL.
    /// - Throws: ``SessionError/signingFailed``.
    package static func unpredictableBytes(_ count: Int) throws(SessionError) -> [UInt8] {
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
        _ grant: SessionGrant, scope: Scope, audiences: [String]?, keys: Keys, nowMilliseconds: Int64
    ) throws(SessionError) -> IssuedTokens {
        let session = grant.session
        let access = try AccessTokenIssuer(signer: keys.signer, policy: policy, random: randomBytes).issue(
            .init(
                subject: session.subject, clientID: session.clientID, scope: scope, sessionID: session.id,
                audiences: audiences, claims: try session.details.ownClaims()),
            issuedAtMilliseconds: grant.issuedAtMilliseconds, endsMilliseconds: session.endsMilliseconds)
        let refreshToken = try keys.sealer.seal(
            RefreshToken(sessionID: session.id, generation: session.generation),
            givenOutAtMilliseconds: session.rotatedMilliseconds)
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
