import Synchronization

/// How far a writer has come, for readers on other threads.
final class Progress: Sendable {
    private let last = Atomic<Int>(-1)
    var value: Int { last.load(ordering: .acquiring) }
    func store(_ value: Int) { last.store(value, ordering: .releasing) }
}
