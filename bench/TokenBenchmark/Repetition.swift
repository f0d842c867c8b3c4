import CCounting

/// Repeats an operation where instructions are counted, and nowhere else.
final class Repetition {
    private let operation: () -> Void

    init(of operation: @escaping () -> Void) {
        self.operation = operation
    }

    /// Repeats it, after as many times that are not counted.
    func run(_ count: Int) {
        for _ in 0..<count { operation() }
        repeat_counted(
            { context in
                guard let context else { return }
                Unmanaged<Repetition>.fromOpaque(context).takeUnretainedValue().operation()
            }, Unmanaged.passUnretained(self).toOpaque(), count)
    }
}
