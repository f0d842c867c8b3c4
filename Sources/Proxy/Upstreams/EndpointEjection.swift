import NIOCore

/// Leaving out an address that fails, as a value: after some failures in a row it gets no requests for a while, then a
/// single one on trial, and all of its share again once that is answered.
struct EndpointEjection: Equatable {
    enum State: Equatable {
        case admitted
        case ejected(until: NIODeadline)
        /// The next request is to try it.
        case trialDue
        /// A request is trying it.
        case onTrial
    }

    static let longestMilliseconds: Int64 = 300_000

    private(set) var state = State.admitted
    /// Failures since the last answer; not zero while it is left out.
    private(set) var consecutiveFailures = 0
    /// How often it was ejected in a row.
    private var ejections = 0
    private var admittedAt = NIODeadline.uptimeNanoseconds(0)
    /// Whether it is asked although it is left out.
    private var isLastResort = false

    var isAdmitted: Bool { state == .admitted }

    var isEjected: Bool {
        if case .ejected = state { true } else { false }
    }

    /// A request failed for a reason that lies with the address.
    ///
    /// - Parameters:
    ///   - threshold: how many failures in a row are too many; 0 for no number.
    ///   - othersRemain: whether anybody else could do its work; the last one is never ejected.
    ///   - firstMilliseconds: how long the first ejection lasts.
    ///   - now: the time.
    /// - Returns: whether it is ejected by this.
    mutating func failed(threshold: Int, othersRemain: Bool, firstMilliseconds: Int64, now: NIODeadline) -> Bool {
        if consecutiveFailures < Int.max { consecutiveFailures += 1 }
        switch state {
        case .ejected, .trialDue:
            // Requests sent before it was ejected tell nothing new.
            isLastResort = false
            return false
        case .admitted:
            guard threshold > 0, consecutiveFailures >= threshold, othersRemain else { return false }
            // Whoever did well for that long begins anew.
            if now - admittedAt > .milliseconds(Self.longestMilliseconds) { ejections = 0 }
        case .onTrial:
            break
        }
        let doublings = min(ejections, 16)
        ejections += 1
        let milliseconds = min(firstMilliseconds << Int64(doublings), Self.longestMilliseconds)
        state = .ejected(until: now + .milliseconds(milliseconds))
        return true
    }

    /// The address answered.
    ///
    /// - Returns: whether it is admitted again by this.
    mutating func succeeded(now: NIODeadline) -> Bool {
        switch state {
        case .admitted:
            consecutiveFailures = 0
            return false
        case .ejected where !isLastResort:
            // An answer to a request from before: who is about to stop gives such, too.
            return false
        case .ejected, .trialDue, .onTrial:
            consecutiveFailures = 0
            isLastResort = false
            admittedAt = now
            state = .admitted
            return true
        }
    }

    /// Time has passed.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - isIdle: whether no request is under way: then a trial ended without telling anything, and is due again.
    /// - Returns: whether a trial is due.
    mutating func timePassed(now: NIODeadline, isIdle: Bool) -> Bool {
        switch state {
        case .ejected(let until) where until <= now: state = .trialDue
        case .onTrial where isIdle: state = .trialDue
        default: break
        }
        return state == .trialDue
    }

    /// Requests go to the address before its time, for there is no other: if it answers, it is back.
    mutating func becameLastResort() {
        if state != .admitted { isLastResort = true }
    }

    /// A request goes to the address to try it.
    mutating func trialBegan() {
        if state == .trialDue { state = .onTrial }
    }
}
