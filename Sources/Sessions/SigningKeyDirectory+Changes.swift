import JOSE
import LibCrypto
import Revocation

/// Every change happens under the directory's lock. Files of keys are written before the manifest that names them, and
/// removed after the one that does not: a key without an entry does no harm, an entry without its key stops the start.
extension SigningKeyDirectory {
    /// Makes a key: the current one in a directory without any, otherwise the next, which waits for ``rotate``.
    ///
    /// Makes the directory and the first refresh key if need be.
    /// - Parameter nowSeconds: the wall clock, since 1970.
    /// - Returns: the key made.
    /// - Throws: ``SigningKeyError``.
    package func generate(nowSeconds: Int64) throws(SigningKeyError) -> SigningKeyDescription {
        try directory.create()
        return try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest(in: directory) else {
                guard try directory.names().isEmpty else { throw unmanaged }
                let refresh = try createRefreshKey(createdSeconds: nowSeconds, activatesSeconds: nowSeconds)
                let key = try createKey(createdSeconds: nowSeconds, activatesSeconds: nowSeconds)
                let manifest = KeyManifest(signing: [key], refresh: [refresh])
                try directory.write(manifest.json, to: Self.manifestName)
                return try description(of: key.keyID, in: manifest, nowSeconds)
            }
            if let next = manifest.nextSigningKey(atSeconds: nowSeconds, timing) { throw nextKeyExists(next.keyID) }
            let key = try createKey(createdSeconds: nowSeconds, activatesSeconds: nil)
            manifest.signing.append(key)
            try commit(&manifest, nowSeconds)
            return try description(of: key.keyID, in: manifest, nowSeconds)
        }
    }

    /// Has the next key, made now if there is none, take over once it was published for long enough.
    /// - Parameters:
    ///   - nowSeconds: the wall clock, since 1970.
    ///   - immediately: whether it takes over at once, known to verifiers elsewhere or not.
    /// - Returns: the key and when it begins to sign.
    /// - Throws: ``SigningKeyError``; `nextKeyExists` when a key is about to take over already.
    package func rotate(
        nowSeconds: Int64, immediately: Bool = false
    ) throws(SigningKeyError) -> SigningKeyDescription {
        try change(nowSeconds) { manifest throws(SigningKeyError) in
            try rotate(&manifest, nowSeconds, immediately: immediately)
        }
    }

    /// Has another refresh key take over once all nodes know it.
    /// - Parameter nowSeconds: the wall clock, since 1970.
    /// - Returns: the key and when tokens are derived with it.
    /// - Throws: ``SigningKeyError``; `nextKeyExists` when a key is about to take over already.
    package func rotateRefreshKey(nowSeconds: Int64) throws(SigningKeyError) -> SigningKeyDescription {
        try change(nowSeconds) { manifest throws(SigningKeyError) in
            if let next = manifest.nextRefreshKey(atSeconds: nowSeconds, timing) {
                throw nextKeyExists(next.keyID.text)
            }
            let key = try createRefreshKey(
                createdSeconds: nowSeconds, activatesSeconds: nowSeconds + timing.publishAheadSeconds)
            manifest.refresh.append(key)
            return key.keyID.text
        }
    }

    /// Removes a key.
    ///
    /// Where the current one goes, the next (made now if there is none) takes over at once.
    /// - Parameters:
    ///   - keyID: its `kid`, or the name of a refresh key.
    ///   - nowSeconds: the wall clock, since 1970.
    ///   - isLeaked: whether it goes though what it made is still good; that is refused from now on.
    /// - Returns: whether there was such a key; only a leaked one may be missing.
    /// - Throws: ``SigningKeyError``: `unknownKey`; `keyInUse` without `isLeaked`.
    @discardableResult
    package func retire(keyID: String, nowSeconds: Int64, isLeaked: Bool) throws(SigningKeyError) -> Bool {
        guard try readManifest(in: directory.snapshot()) != nil else { throw try missingManifest() }
        return try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest(in: directory) else { throw noSigningKey }
            let known = manifest.descriptions(timing, atSeconds: nowSeconds).first { $0.keyID == keyID }
            guard let known else {
                if isLeaked { return false }
                throw SigningKeyError(
                    .unknownKey,
                    place: directory.path,
                    advice: "run portcullis keys list --config \(configurationPath)"
                )
            }
            guard isLeaked || known.state == .next || known.state == .expired else { throw stillGood(known) }
            if known.state == .current { try replaceCurrent(known, in: &manifest, nowSeconds) }
            manifest.signing.removeAll { $0.keyID == keyID }
            manifest.refresh.removeAll { $0.keyID.text == keyID }
            try commit(&manifest, nowSeconds)
            try removeFiles(signing: [keyID], refresh: [keyID])
            return true
        }
    }

    /// Does what the schedule asks for: makes and activates the next keys when they are due, removes expired ones.
    ///
    /// Of several nodes that share the directory the first does it; the others find it done.
    /// - Parameter nowSeconds: the wall clock, since 1970.
    /// - Returns: the keys that were told to take over.
    /// - Throws: ``SigningKeyError``.
    package func maintain(nowSeconds: Int64) throws(SigningKeyError) -> [SigningKeyDescription] {
        guard let seen = try readManifest(in: directory.snapshot()), isDue(seen, nowSeconds) else { return [] }
        return try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest(in: directory) else { return [] }
            var activated: [String] = []
            if let activates = dueSigning(manifest, nowSeconds) {
                let key = try rotate(&manifest, nowSeconds, immediately: false, notBefore: activates)
                activated.append(key)
            }
            if let activates = dueRefresh(manifest, nowSeconds) {
                let key = try createRefreshKey(createdSeconds: nowSeconds, activatesSeconds: activates)
                manifest.refresh.append(key)
                activated.append(key.keyID.text)
            }
            try commit(&manifest, nowSeconds)
            return manifest.descriptions(timing, atSeconds: nowSeconds).filter { activated.contains($0.keyID) }
        }
    }

    // MARK: - Parts

    private func isDue(_ manifest: KeyManifest, _ now: Int64) -> Bool {
        var rest = manifest
        let expired = rest.removeExpired(atSeconds: now, timing)
        return timing.rotateEverySeconds != nil
            && (dueSigning(manifest, now) != nil || dueRefresh(manifest, now) != nil || !expired.signing.isEmpty
                || !expired.refresh.isEmpty)
    }

    private func dueSigning(_ manifest: KeyManifest, _ now: Int64) -> Int64? {
        guard let current = manifest.currentSigningKey(atSeconds: now, timing), let since = current.activatesSeconds,
            manifest.nextSigningKey(atSeconds: now, timing)?.activatesSeconds == nil,
            manifest.signing.count < KeyManifest.maximumKeys
        else { return nil }
        return KeyManifest.dueActivation(currentActivatedSeconds: since, atSeconds: now, timing)
    }

    private func dueRefresh(_ manifest: KeyManifest, _ now: Int64) -> Int64? {
        guard let current = manifest.currentRefreshKey(atSeconds: now, timing),
            manifest.nextRefreshKey(atSeconds: now, timing) == nil, manifest.refresh.count < KeyManifest.maximumKeys
        else { return nil }
        return KeyManifest.dueActivation(currentActivatedSeconds: current.activatesSeconds, atSeconds: now, timing)
    }

    private func rotate(
        _ manifest: inout KeyManifest, _ now: Int64, immediately: Bool, notBefore: Int64 = 0
    ) throws(SigningKeyError) -> String {
        if let key = manifest.activateNextSigningKey(atSeconds: now, immediately: immediately, timing) {
            return key.keyID
        }
        if let next = manifest.nextSigningKey(atSeconds: now, timing) { throw nextKeyExists(next.keyID) }
        let activates = immediately ? now : max(notBefore, now + timing.publishAheadSeconds)
        let key = try createKey(createdSeconds: now, activatesSeconds: activates)
        manifest.signing.append(key)
        return key.keyID
    }

    private func replaceCurrent(
        _ key: SigningKeyDescription, in manifest: inout KeyManifest, _ now: Int64
    ) throws(SigningKeyError) {
        switch key.purpose {
        case .accessTokens:
            _ = try rotate(&manifest, now, immediately: true)
        case .refreshTokens:
            if let next = manifest.nextRefreshKey(atSeconds: now, timing),
                let index = manifest.refresh.firstIndex(of: next)
            {
                manifest.refresh[index].activatesSeconds = now
            } else {
                manifest.refresh.append(try createRefreshKey(createdSeconds: now, activatesSeconds: now))
            }
        }
    }

    private func change(
        _ now: Int64, _ body: (inout KeyManifest) throws(SigningKeyError) -> String
    ) throws(SigningKeyError) -> SigningKeyDescription {
        guard try readManifest(in: directory.snapshot()) != nil else { throw try missingManifest() }
        return try directory.withLock { () throws(SigningKeyError) in
            guard var manifest = try readManifest(in: directory) else { throw noSigningKey }
            let changed = try body(&manifest)
            try commit(&manifest, now)
            return try description(of: changed, in: manifest, now)
        }
    }

    /// Writes the manifest without what has expired, then removes the files of that.
    private func commit(_ manifest: inout KeyManifest, _ now: Int64) throws(SigningKeyError) {
        let expired = manifest.removeExpired(atSeconds: now, timing)
        guard manifest.signing.count <= KeyManifest.maximumKeys, manifest.refresh.count <= KeyManifest.maximumKeys
        else {
            throw SigningKeyError(
                .tooManyKeys, place: directory.path,
                advice: "wait until previous ones have expired, or retire some with --now")
        }
        try directory.write(manifest.json, to: Self.manifestName)
        try removeFiles(signing: expired.signing, refresh: expired.refresh)
    }

    private func removeFiles(signing: [String], refresh: [String]) throws(SigningKeyError) {
        for keyID in signing where KeyManifest.isThumbprint(keyID) {
            try directory.remove("\(keyID).pem")
            try directory.remove("\(keyID).jwk")
        }
        for keyID in refresh where RefreshKeyID(text: keyID) != nil {
            try directory.remove(Self.refreshFileName(of: keyID))
        }
    }

    private func description(
        of keyID: String, in manifest: KeyManifest, _ now: Int64
    ) throws(SigningKeyError) -> SigningKeyDescription {
        guard let key = manifest.descriptions(timing, atSeconds: now).first(where: { $0.keyID == keyID }) else {
            throw noSigningKey
        }
        return key
    }

    private func createKey(
        createdSeconds: Int64, activatesSeconds: Int64?
    ) throws(SigningKeyError) -> KeyManifest.SigningKey {
        let file: (bytes: [UInt8], ending: String)
        let keyID: String
        do {
            let key = try SigningKeyMaterial.generate(algorithm)
            file = try key.file()
            keyID = try key.keyID()
        } catch {
            throw SigningKeyError(.notGenerated, place: algorithm.rawValue, advice: "OpenSSL failed")
        }
        try directory.write(file.bytes, to: "\(keyID).\(file.ending)")
        return .init(
            keyID: keyID, algorithm: algorithm, createdSeconds: createdSeconds, activatesSeconds: activatesSeconds)
    }

    private func createRefreshKey(
        createdSeconds: Int64, activatesSeconds: Int64
    ) throws(SigningKeyError) -> KeyManifest.RefreshKey {
        guard let secret = try? Random.bytes(RefreshTokenSealer.keyByteCount),
            let keyID = try? RefreshKeyID(of: secret)
        else { throw SigningKeyError(.notGenerated, place: "refresh key", advice: "there is no randomness") }
        try directory.write(
            Array("\(Hexadecimal.encode(secret))\n".utf8), to: Self.refreshFileName(of: keyID.text))
        return .init(keyID: keyID, createdSeconds: createdSeconds, activatesSeconds: activatesSeconds)
    }

    private func missingManifest() throws(SigningKeyError) -> SigningKeyError {
        try directory.names().isEmpty ? noSigningKey : unmanaged
    }

    private func nextKeyExists(_ keyID: String) -> SigningKeyError {
        SigningKeyError(
            .nextKeyExists, place: keyID, advice: "see portcullis keys list --config \(configurationPath)")
    }

    private func stillGood(_ key: SigningKeyDescription) -> SigningKeyError {
        SigningKeyError(
            .keyInUse, place: key.keyID,
            advice: key.state == .current
                ? "run portcullis keys rotate --config \(configurationPath); it goes by itself when nothing it signed is "
                    + "alive. Was it leaked: add --now"
                : "it goes by itself when nothing it signed is alive. Was it leaked: add --now")
    }
}
