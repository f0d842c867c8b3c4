import Foundation

/// How often a race between requests is run.
enum RaceRounds {
    /// `PORTCULLIS_RACE_ROUNDS`, or what a run of all tests has time for.
    static func count(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["PORTCULLIS_RACE_ROUNDS"].flatMap(Int.init) ?? usual
    }
}
