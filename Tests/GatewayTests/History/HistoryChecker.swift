/// Finds in a history what must not be there.
struct HistoryChecker {
    /// A rule that was broken.
    enum Violation: String, Hashable {
        /// A token was accepted by a check that began after its revocation had been answered.
        case acceptedAfterRevocation
        /// A gateway accepted a token after it had refused it as revoked.
        ///
        /// Others may accept it when nobody was told that it is revoked: who could not write a revocation keeps to it alone.
        case acceptedAfterRefusal
        /// A token was refused as revoked that nobody had begun to revoke.
        case refusedWithoutRevocation
        /// A refresh token had two successors.
        case twoSuccessors
    }

    /// For how long after a revocation was answered a token may still be accepted.
    var boundNanoseconds: Int64 = 0

    /// Every violation, with the token.
    func violations(in history: [History.Operation]) -> [(violation: Violation, token: String)] {
        var found: [(Violation, String)] = []
        var revoked: [String: (begun: Int64, done: Int64)] = [:]
        var refused: [String: [Int: Int64]] = [:]
        var successors: [String: Set<String>] = [:]
        for operation in history {
            switch operation {
            case .issue: break
            case .revoke(let token, let invoked, let returned, let outcome):
                let old = revoked[token] ?? (.max, .max)
                let done = outcome == .done ? returned : .max
                revoked[token] = (min(old.begun, invoked), min(old.done, done))
            case .check(let token, let gateway, _, let returned, 401):
                let earlier = refused[token]?[gateway] ?? .max
                refused[token, default: [:]][gateway] = min(earlier, returned)
            case .check: break
            case .refresh(let presented, let successor?, _, _): successors[presented, default: []].insert(successor)
            case .refresh: break
            }
        }
        for operation in history {
            guard case .check(let token, let gateway, let invoked, let returned, let status) = operation else {
                continue
            }
            let revocation = revoked[token] ?? (.max, .max)
            if status == 200 {
                if isAfter(invoked, revocation.done) { found.append((.acceptedAfterRevocation, token)) }
                if isAfter(invoked, refused[token]?[gateway] ?? .max) { found.append((.acceptedAfterRefusal, token)) }
            } else if status == 401, revocation.begun > returned {
                found.append((.refusedWithoutRevocation, token))
            }
        }
        for (token, all) in successors where all.count > 1 { found.append((.twoSuccessors, token)) }
        return found.map { (violation: $0.0, token: $0.1) }
    }

    private func isAfter(_ instant: Int64, _ other: Int64) -> Bool {
        other != .max && instant > other + boundNanoseconds
    }
}
