import JOSE

/// What came of a reload.
struct ReloadReport: Sendable, Equatable {
    /// When it ended; milliseconds since 1970.
    var atMilliseconds: Int64
    /// Everything that could not be used; empty when all was taken up.
    var problems: [String] = []
    /// The settings that have changed and are only taken up by a restart.
    var restartKeys: [String] = []

    var isSuccessful: Bool { problems.isEmpty }

    /// For the admin API.
    var members: [(String, JSONValue)] {
        [
            ("outcome", .string(isSuccessful ? "reloaded" : "refused")), ("at", .integer(atMilliseconds / 1000)),
            ("problems", .array(problems.map { .string($0) })),
            ("needs_restart", .array(restartKeys.map { .string($0) })),
        ]
    }
}
