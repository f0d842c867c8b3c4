import Revocation

/// What a refresh token does to a session.
enum RotationDecision {
    /// The session goes on; it was changed unless this is a retry.
    case grant(isRetry: Bool)
    /// Nothing changes.
    case refuse(RotationOutcome)
    /// The session ends; with a reason its access tokens die too.
    case end(RotationOutcome, reason: SessionEndReason?)
}

extension SessionRecord {
    /// Whether the session's time has passed.
    func isOver(nowMilliseconds: Int64) -> Bool {
        nowMilliseconds >= min(expiresMilliseconds, endsMilliseconds)
    }

    /// Judges a refresh token and advances the session when it is current.
    ///
    /// The grace is counted from the rotation, not from the last retry, so that retries cannot stretch it. A generation
    /// ahead of ours has a right code, so the store lost the write that gave it out: were the session to go on, whoever
    /// holds the token before it would get that very successor once more, a fork nobody could see.
    mutating func present(
        _ request: RotationRequest, cutoffMilliseconds: Int64, policy: SessionPolicy, nowMilliseconds: Int64
    ) -> RotationDecision {
        if isOver(nowMilliseconds: nowMilliseconds) || generation == .max { return .end(.expired, reason: nil) }
        if createdMilliseconds <= cutoffMilliseconds { return .end(.cutOff(self), reason: .revoked) }
        if let client = request.clientID, client != clientID { return .refuse(.otherClient) }
        if request.generation > generation { return .end(.ahead(self), reason: .refreshTokenAhead) }
        let sinceRotation = max(0, nowMilliseconds - rotatedMilliseconds)
        let isRetry = request.generation == generation - 1 && sinceRotation < policy.rotationGraceMilliseconds
        if request.generation < generation && !isRetry { return .end(.reused(self), reason: .refreshTokenReuse) }
        if let wanted = request.scope, !wanted.isSubset(of: scope) { return .refuse(.scopeExceeded) }
        if isRetry { return .grant(isRetry: true) }
        generation += 1
        rotatedMilliseconds = nowMilliseconds
        if let address = request.address { details.address = address }
        let expires = EpochMilliseconds.sum(nowMilliseconds, policy.refreshLifetimeMilliseconds)
        expiresMilliseconds = min(expires, endsMilliseconds)
        return .grant(isRetry: false)
    }
}
