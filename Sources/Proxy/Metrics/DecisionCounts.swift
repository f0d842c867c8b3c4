/// How requests on protected routes were decided, by the word for the reason.
struct DecisionCounts {
    /// Decisions for one reason.
    struct Decisions {
        let isPermitted: Bool
        let reason: StaticString
        var count: UInt64
    }

    private(set) var decisions: [Decisions] = []

    /// Counts one decision.
    ///
    /// - Parameters:
    ///   - isPermitted: whether the request may go on.
    ///   - reason: why; reasons are constants of the program, so there are few.
    mutating func record(isPermitted: Bool, reason: StaticString) {
        // Constants are told apart by where they lie: one that lies in two places is added up when somebody asks.
        for index in decisions.indices
        where decisions[index].reason.utf8Start == reason.utf8Start && decisions[index].isPermitted == isPermitted {
            decisions[index].count &+= 1
            return
        }
        decisions.append(Decisions(isPermitted: isPermitted, reason: reason, count: 1))
    }
}
