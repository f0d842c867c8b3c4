/// What one check of ``Doctor`` came to.
package struct Finding: Sendable, Equatable {
    /// How bad it is.
    package enum Verdict: String, Sendable, Equatable, CaseIterable {
        /// As it should be.
        case ok
        /// The gateway works, and somebody should look at it.
        case warning
        /// The gateway does not start, or refuses what it should serve, or does not keep what it promises.
        case problem
    }

    /// Which check it was: a name that stays the same.
    package let check: String
    /// How bad it is.
    package let verdict: Verdict
    /// What was found, and what to do about it; no secret is part of it.
    package let message: String

    /// Says what a check came to.
    package init(_ verdict: Verdict, _ check: String, _ message: String) {
        self.check = check
        self.verdict = verdict
        self.message = message
    }
}
