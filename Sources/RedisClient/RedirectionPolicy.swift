/// Whether a command that a cluster has redirected is sent once more, and when: a value without clocks.
///
/// A redirected command has not run. How often it may be sent is bounded, and so is the time that takes.
struct RedirectionPolicy {
    /// How often a command is sent again.
    static let maximumAttempts = 6

    private let isCluster: Bool
    private var attempts = 0

    /// Starts for one command.
    init(isCluster: Bool) {
        self.isCluster = isCluster
    }

    /// The pause before it is sent again: 5 ms, doubled each time, 315 ms in all; `nil` when its outcome stands.
    mutating func pause(after outcome: Result<RedisValue, RedisFailure>?) -> Duration? {
        guard isCluster, attempts < Self.maximumAttempts, case .failure(let failure) = outcome else { return nil }
        switch failure {
        case .server(code: "MOVED"), .server(code: "ASK"), .server(code: "TRYAGAIN"): break
        // The connection to the node that is in charge is being made.
        case .notConnected where attempts > 0: break
        default: return nil
        }
        attempts += 1
        return .milliseconds(5 << (attempts - 1))
    }
}
