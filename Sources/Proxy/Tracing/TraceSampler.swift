/// Decides which requests are traced.
struct TraceSampler {
    /// What it decides.
    enum Decision: Equatable {
        /// The request is not traced, and goes on with what it came with.
        case untraced
        /// It is, below the span that it came with.
        case joined(TraceParent)
        /// It is, as the first of a trace.
        case begun
    }

    private let isAlways: Bool
    /// A request is chosen whose number is below.
    private let threshold: UInt64

    /// - Parameter ratio: the part of the requests that is traced where nobody else has decided, 0 to 1.
    init(ratio: Double) {
        isAlways = ratio >= 1
        threshold = ratio >= 1 ? .max : UInt64(max(ratio, 0) * 0x1p64)
    }

    /// Decides about a request.
    ///
    /// - Parameters:
    ///   - parent: the place in a trace that it came with.
    ///   - isTrusted: whether who sent it may decide for others that it is traced. Anybody else could have every request
    ///     recorded.
    ///   - chance: a random number.
    /// - Returns: what becomes of it.
    func decide(_ parent: TraceParent?, isTrusted: Bool, chance: UInt64) -> Decision {
        let isChosen = isAlways || chance < threshold
        guard let parent else { return isChosen ? .begun : .untraced }
        return (isTrusted ? parent.isSampled : isChosen) ? .joined(parent) : .untraced
    }
}
