/// Chooses among addresses by their weights, as a value: by turns, or the less busy of two drawn by lot.
struct EndpointBalancer {
    private let balance: Upstream.Balance
    private let weights: [Int]
    private let total: Int
    private let isEven: Bool
    /// By turns, all weights alike: whose turn it is.
    private var next: Int
    /// By turns, weights unlike: how much each is owed.
    private var credits: [Int]

    /// - Parameters:
    ///   - balance: how to choose.
    ///   - weights: one for each address, at least 1.
    ///   - start: a number by chance, so that event loops do not all begin with the same address.
    init(_ balance: Upstream.Balance, weights: [Int], start: UInt64) {
        self.balance = balance
        self.weights = weights
        total = weights.reduce(0, +)
        isEven = weights.allSatisfy { $0 == weights.first }
        next = weights.isEmpty ? 0 : Int(start % UInt64(weights.count))
        credits = Array(repeating: 0, count: weights.count)
    }

    /// Chooses the address for the next request.
    ///
    /// - Parameters:
    ///   - chance: a number by chance.
    ///   - load: how many requests an address has to answer.
    /// - Returns: its index; 0 when there is none.
    mutating func choose(chance: UInt64, load: (Int) -> Int) -> Int {
        guard weights.count > 1 else { return 0 }
        switch balance {
        case .roundRobin: return isEven ? turn() : weightedTurn()
        case .leastRequests: return lessBusy(chance, load)
        }
    }

    private mutating func turn() -> Int {
        let index = next
        next = index &+ 1 < weights.count ? index &+ 1 : 0
        return index
    }

    /// Nginx's smooth order: the one that is owed most goes next, and a heavy one is not called in bursts.
    private mutating func weightedTurn() -> Int {
        var best = 0
        for index in weights.indices {
            credits[index] &+= weights[index]
            if credits[index] > credits[best] { best = index }
        }
        credits[best] &-= total
        return best
    }

    private func lessBusy(_ chance: UInt64, _ load: (Int) -> Int) -> Int {
        let first = draw(chance & 0xffff_ffff, without: nil)
        let second = draw(chance >> 32, without: first)
        let (firstLoad, secondLoad) = (load(first), load(second))
        // Between two that are idle the draw decides, so that a service with little to do is used by weight too.
        guard firstLoad | secondLoad != 0 else { return first }
        return (secondLoad &+ 1) &* weights[first] < (firstLoad &+ 1) &* weights[second] ? second : first
    }

    private func draw(_ chance: UInt64, without excluded: Int?) -> Int {
        if isEven {
            guard let excluded else { return Int(chance % UInt64(weights.count)) }
            let index = Int(chance % UInt64(weights.count &- 1))
            return index < excluded ? index : index &+ 1
        }
        var rest = Int(chance % UInt64(total &- (excluded.map { weights[$0] } ?? 0)))
        for index in weights.indices where index != excluded {
            rest &-= weights[index]
            if rest < 0 { return index }
        }
        return 0
    }
}
