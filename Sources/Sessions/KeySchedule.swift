/// Which of several keys does what at an instant.
///
/// It follows from the instants of activation alone, so all nodes that read the same manifest come to the same answer, each
/// by its own clock, and none has to be told when the time has come.
struct KeySchedule: Sendable, Hashable {
    /// What the keys are at an instant, as indices; each key is in exactly one place.
    struct Standing: Sendable, Hashable {
        /// It signs.
        let current: Int
        /// They are published and will sign, or wait for somebody to say when.
        let next: [Int]
        /// They signed and still verify, the latest first.
        let previous: [Int]
        /// Nothing they signed can be alive.
        let expired: [Int]
        /// When the answer will be another one; `nil` is never.
        let nextChangeSeconds: Int64?
    }

    /// When each key begins to sign, seconds since 1970; `nil` where that is not decided yet.
    let activations: [Int64?]
    /// How long a key verifies after another took over.
    let retentionSeconds: Int64

    /// The keys with an instant, in the order in which they sign; of two with one instant the later written wins.
    private var order: [(index: Int, activates: Int64)] {
        activations.enumerated().compactMap { index, activates in activates.map { (index, $0) } }
            .sorted { ($0.activates, $0.index) < ($1.activates, $1.index) }
    }

    /// What the keys are at an instant; `nil` without any key.
    ///
    /// Before the first activation, as with a clock that is late, the first key to be activated signs all the same.
    func standing(atSeconds now: Int64) -> Standing? {
        guard !activations.isEmpty else { return nil }
        let order = order
        let activeCount = order.count { $0.activates <= now }
        let current = (activeCount > 0 ? order[activeCount - 1] : order.first)?.index ?? 0
        var previous: [Int] = []
        var expired: [Int] = []
        var changes = order.map(\.activates).filter { $0 > now }
        for position in stride(from: activeCount - 2, through: 0, by: -1) {
            let end = order[position + 1].activates + retentionSeconds
            if now < end {
                previous.append(order[position].index)
                changes.append(end)
            } else {
                expired.append(order[position].index)
            }
        }
        let placed = Set(previous + expired + [current])
        return Standing(
            current: current, next: activations.indices.filter { !placed.contains($0) }, previous: previous,
            expired: expired, nextChangeSeconds: changes.min())
    }

    /// When a key that signed before stops to verify; `nil` for one that no other follows.
    func endSeconds(of index: Int) -> Int64? {
        let order = order
        guard let position = order.firstIndex(where: { $0.index == index }), position + 1 < order.count else {
            return nil
        }
        return order[position + 1].activates + retentionSeconds
    }
}
