import JOSE

/// Every change of a manifest, as a rule without files and clock.
extension KeyManifest {
    /// Says when the next key begins to sign: after it was published for long enough, or at once.
    ///
    /// - Returns: the key; `nil` when there is none that waits.
    mutating func activateNextSigningKey(
        atSeconds now: Int64, immediately: Bool, _ timing: KeyTiming
    ) -> SigningKey? {
        guard let standing = signingSchedule(timing).standing(atSeconds: now) else { return nil }
        let waiting = standing.next.first { signing[$0].activatesSeconds == nil }
        guard let index = waiting ?? (immediately ? standing.next.first : nil) else { return nil }
        let key = signing[index]
        signing[index].activatesSeconds =
            immediately ? now : max(now, key.createdSeconds + timing.publishAheadSeconds)
        return signing[index]
    }

    /// The key that is published already and whose time has not come.
    func nextSigningKey(atSeconds now: Int64, _ timing: KeyTiming) -> SigningKey? {
        signingSchedule(timing).standing(atSeconds: now)?.next.first.map { signing[$0] }
    }

    /// The refresh key whose time has not come.
    func nextRefreshKey(atSeconds now: Int64, _ timing: KeyTiming) -> RefreshKey? {
        refreshSchedule(timing).standing(atSeconds: now)?.next.first.map { refresh[$0] }
    }

    /// The key that signs.
    func currentSigningKey(atSeconds now: Int64, _ timing: KeyTiming) -> SigningKey? {
        signingSchedule(timing).standing(atSeconds: now).map { signing[$0.current] }
    }

    /// The refresh key in force.
    func currentRefreshKey(atSeconds now: Int64, _ timing: KeyTiming) -> RefreshKey? {
        refreshSchedule(timing).standing(atSeconds: now).map { refresh[$0.current] }
    }

    /// Forgets the keys of which nothing can be alive.
    ///
    /// - Returns: their names.
    mutating func removeExpired(atSeconds now: Int64, _ timing: KeyTiming) -> (signing: [String], refresh: [String]) {
        let signingExpired = Set(signingSchedule(timing).standing(atSeconds: now)?.expired ?? [])
        let refreshExpired = Set(refreshSchedule(timing).standing(atSeconds: now)?.expired ?? [])
        let removed = (
            signing: signingExpired.sorted().map { signing[$0].keyID },
            refresh: refreshExpired.sorted().map { refresh[$0].keyID.text }
        )
        signing = signing.indices.filter { !signingExpired.contains($0) }.map { signing[$0] }
        refresh = refresh.indices.filter { !refreshExpired.contains($0) }.map { refresh[$0] }
        return removed
    }

    /// When the next key is to take over by the schedule; `nil` when it is not due yet.
    static func dueActivation(
        currentActivatedSeconds activated: Int64, atSeconds now: Int64, _ timing: KeyTiming
    ) -> Int64? {
        guard let interval = timing.rotateEverySeconds else { return nil }
        let planned = activated + interval
        guard now >= planned - timing.publishAheadSeconds else { return nil }
        return max(planned, now + timing.publishAheadSeconds)
    }
}
