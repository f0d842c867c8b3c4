package import NIOCore

/// When something began and ended, by the clock of event loops.
package struct TraceInterval: Sendable, Equatable {
    /// When it began.
    package let start: NIODeadline
    /// When it ended; `nil` when it had not when its request did.
    package var end: NIODeadline?

    /// Begins now.
    static func begun() -> TraceInterval {
        TraceInterval(start: .now())
    }

    /// Ends now, unless it has ended.
    mutating func finish() {
        if end == nil { end = .now() }
    }
}
