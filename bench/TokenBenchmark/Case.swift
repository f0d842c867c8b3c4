/// An operation that is measured.
struct Case: Sendable {
    /// What tables and limits call it.
    let name: String
    /// Makes everything ready, so that the operation does only what is measured.
    let prepare: @Sendable () throws -> () -> Void

    init(_ name: String, _ prepare: @escaping @Sendable () throws -> () -> Void) {
        self.name = name
        self.prepare = prepare
    }

    /// Everything that is measured and guarded.
    static let all = tokens + heads + denyList + accessLog

    /// How many tokens or questions take turns in one operation: signatures, and names under a random key, differ a little
    /// in what they cost.
    static let variants = 16

    /// An operation that takes one after the other.
    static func inTurn<Element>(_ elements: [Element], _ body: @escaping (Element) -> Void) -> () -> Void {
        var next = 0
        return {
            body(elements[next])
            next = next + 1 < elements.count ? next + 1 : 0
        }
    }

    /// Runs what must not fail.
    static func require(_ body: () throws -> Void) {
        do { try body() } catch { fatalError("the benchmark's own input is refused: \(error)") }
    }

    /// Ends the program where an outcome is not the one that is measured.
    static func require(_ isAsExpected: Bool) {
        guard isAsExpected else { fatalError("the benchmark's own input has another outcome") }
    }
}
