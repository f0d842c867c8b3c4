import HTTP1

/// What has been answered on one route.
struct RouteCounts {
    /// Answers of one kind.
    struct Answers {
        let method: HTTPMethod
        let status: Int
        var count: UInt64
    }

    /// The most kinds that are told apart, for a backend may answer with any status.
    ///
    /// Others count as status 0.
    static let kindLimit = 100

    private(set) var answers: [Answers] = []
    private(set) var durations = DurationHistogram()

    /// Counts one answer.
    mutating func record(_ method: HTTPMethod, status: Int, nanoseconds: Int64) {
        durations.record(nanoseconds: nanoseconds)
        // There are very few kinds on a route, so looking through them costs less than a table.
        for index in answers.indices where answers[index].status == status && answers[index].method == method {
            answers[index].count &+= 1
            return
        }
        guard answers.count < Self.kindLimit else {
            // One place for each method is left for what is not told apart, so this ends.
            if status != 0 { record(othersOf: method) }
            return
        }
        answers.append(Answers(method: method, status: status, count: 1))
    }

    private mutating func record(othersOf method: HTTPMethod) {
        for index in answers.indices where answers[index].status == 0 && answers[index].method == method {
            answers[index].count &+= 1
            return
        }
        answers.append(Answers(method: method, status: 0, count: 1))
    }
}
