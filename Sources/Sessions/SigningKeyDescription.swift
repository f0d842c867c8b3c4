package import JOSE

/// A key in a key directory.
package struct SigningKeyDescription: Sendable, Hashable {
    /// What a key is for.
    package enum State: String, Sendable, Hashable {
        /// It signs.
        case current
        /// It is published and will sign.
        case next
        /// It signed before and still verifies.
        case previous
        /// Nothing it signed can be alive; it is removed with the next change.
        case expired
    }

    /// What it makes.
    package enum Purpose: Sendable, Hashable {
        /// Signatures of access tokens.
        case accessTokens(SignatureAlgorithm)
        /// Codes of refresh tokens.
        case refreshTokens
    }

    /// The `kid`, its thumbprint (RFC 7638), or the name of a refresh key.
    package let keyID: String
    /// What it makes.
    package let purpose: Purpose
    /// What it is for now.
    package let state: State
    /// Since when it is there, seconds since 1970.
    package let createdSeconds: Int64
    /// When it begins or began its work, seconds since 1970; `nil` while it waits to be told.
    package let activatesSeconds: Int64?
    /// When it stops to verify, seconds since 1970; `nil` when no other key follows it.
    package let endsSeconds: Int64?
}

extension KeySchedule.Standing {
    /// What the key of this index is for.
    func state(of index: Int) -> SigningKeyDescription.State {
        if index == current { return .current }
        if next.contains(index) { return .next }
        return previous.contains(index) ? .previous : .expired
    }
}

extension KeyManifest {
    /// Every key, with what it is for at an instant.
    func descriptions(_ timing: KeyTiming, atSeconds now: Int64) -> [SigningKeyDescription] {
        let signingSchedule = signingSchedule(timing)
        let refreshSchedule = refreshSchedule(timing)
        let signingStanding = signingSchedule.standing(atSeconds: now)
        let refreshStanding = refreshSchedule.standing(atSeconds: now)
        return signing.enumerated().map { index, key in
            SigningKeyDescription(
                keyID: key.keyID, purpose: .accessTokens(key.algorithm),
                state: signingStanding?.state(of: index) ?? .next, createdSeconds: key.createdSeconds,
                activatesSeconds: key.activatesSeconds, endsSeconds: signingSchedule.endSeconds(of: index))
        }
            + refresh.enumerated().map { index, key in
                SigningKeyDescription(
                    keyID: key.keyID.text, purpose: .refreshTokens, state: refreshStanding?.state(of: index) ?? .next,
                    createdSeconds: key.createdSeconds, activatesSeconds: key.activatesSeconds,
                    endsSeconds: refreshSchedule.endSeconds(of: index))
            }
    }
}
