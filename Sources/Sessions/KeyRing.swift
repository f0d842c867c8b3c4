import JOSE

/// All keys of a gateway as they were read, with their schedule: says what they do at any instant.
package struct KeyRing: Sendable {
    struct SigningEntry: Sendable {
        let signer: TokenSigner
        let webKey: JSONWebKey
        let createdSeconds: Int64
        let activatesSeconds: Int64?
    }

    /// Never empty.
    private let signing: [SigningEntry]
    private let refresh: [RefreshKeys.Key]
    /// `nil` where nothing says when: then the first signs, and the others are published beside it.
    private let schedules: (signing: KeySchedule, refresh: KeySchedule)?
    private let allRefreshKeys: RefreshKeys

    /// Keys with a manifest.
    init(
        signing: [SigningEntry], refresh: [RefreshKeys.Key], timing: KeyTiming
    ) throws(SessionError) {
        guard !signing.isEmpty else { throw .signingFailed }
        self.signing = signing
        self.refresh = refresh
        allRefreshKeys = try RefreshKeys(refresh)
        schedules = (
            KeySchedule(
                activations: signing.map(\.activatesSeconds), retentionSeconds: timing.signingRetentionSeconds),
            KeySchedule(
                activations: refresh.map(\.activatesSeconds), retentionSeconds: timing.refreshRetentionSeconds)
        )
    }

    /// Keys without a manifest.
    ///
    /// - Parameters:
    ///   - materials: the current key, then those that are only published and verify.
    ///   - refreshSecrets: the current one, then those whose tokens are still accepted.
    /// - Throws: ``SessionError/signingFailed`` for keys that cannot be used or occur twice.
    init(materials: [SigningKeyMaterial], refreshSecrets: [[UInt8]]) throws(SessionError) {
        var signing: [SigningEntry] = []
        for material in materials { signing.append(try Self.entry(material, createdSeconds: 0, activatesSeconds: nil)) }
        guard !signing.isEmpty, Set(signing.map(\.signer.keyID)).count == signing.count else { throw .signingFailed }
        var refresh: [RefreshKeys.Key] = []
        for (index, secret) in refreshSecrets.enumerated() {
            guard secret.count == RefreshTokenSealer.keyByteCount else { throw .signingFailed }
            refresh.append(
                .init(id: try RefreshKeyID(of: secret), secret: secret, activatesSeconds: index == 0 ? 0 : .min))
        }
        self.signing = signing
        self.refresh = refresh
        allRefreshKeys = try RefreshKeys(refresh)
        schedules = nil
    }

    static func entry(
        _ material: SigningKeyMaterial, createdSeconds: Int64, activatesSeconds: Int64?
    ) throws(SessionError) -> SigningEntry {
        do {
            let keyID = try material.keyID()
            return SigningEntry(
                signer: try material.signer(keyID: keyID), webKey: try material.webKey(keyID: keyID),
                createdSeconds: createdSeconds, activatesSeconds: activatesSeconds)
        } catch {
            throw .signingFailed
        }
    }

    /// When the key that signs at an instant was made, seconds since 1970; `nil` where nothing says so.
    package func createdSeconds(ofSignerAt nowSeconds: Int64) -> Int64? {
        guard let standing = schedules?.signing.standing(atSeconds: nowSeconds) else { return nil }
        return signing[standing.current].createdSeconds
    }

    /// What the keys do at an instant, seconds since 1970.
    package func keys(atSeconds now: Int64) -> SigningKeys {
        let standing = schedules?.signing.standing(atSeconds: now)
        let refreshStanding = schedules?.refresh.standing(atSeconds: now)
        let current = signing[standing?.current ?? 0]
        let expired = Set(standing?.expired ?? [])
        let others = signing.indices.filter { $0 != standing?.current ?? 0 && !expired.contains($0) }
        let published = [current.webKey] + others.map { signing[$0].webKey }
        let forgotten = Set(refreshStanding?.expired ?? [])
        let kept = refresh.indices.filter { !forgotten.contains($0) }.map { refresh[$0] }
        return SigningKeys(
            signer: current.signer,
            publicKeys: Self.keySet(published.filter { $0.publicJSON != nil }),
            verificationKeys: Self.keySet(published),
            refreshKeys: (try? RefreshKeys(kept)) ?? allRefreshKeys,
            nextChangeSeconds: [standing?.nextChangeSeconds, refreshStanding?.nextChangeSeconds].compactMap { $0 }
                .min(),
            ring: self
        )
    }

    private static func keySet(_ keys: [JSONWebKey]) -> JSONWebKeySet {
        // Identifiers were found distinct when the keys were read; a set of none would refuse everything.
        (try? JSONWebKeySet(keys: keys)) ?? .unknown
    }
}
