/// What the probes of one address come to, as a value.
struct HealthState: Equatable {
    enum Verdict: Equatable { case unknown, healthy, unhealthy }

    private(set) var verdict = Verdict.unknown
    /// Probes in a row that speak against the verdict.
    private var opposing = 0

    /// A probe has ended; the first one decides alone.
    ///
    /// - Parameters:
    ///   - passed: whether it went well.
    ///   - check: how many in a row change the verdict.
    /// - Returns: whether the verdict is another than before.
    mutating func probed(passed: Bool, by check: Upstream.HealthCheck) -> Bool {
        let wanted: Verdict = passed ? .healthy : .unhealthy
        guard verdict != wanted else {
            opposing = 0
            return false
        }
        opposing += 1
        let needed = verdict == .unknown ? 1 : passed ? check.healthyAfter : check.unhealthyAfter
        guard opposing >= needed else { return false }
        verdict = wanted
        opposing = 0
        return true
    }
}
