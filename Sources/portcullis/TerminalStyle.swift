import Foundation
import Gateway

/// Colours, where they are wanted: on a terminal, unless `NO_COLOR` is set.
struct TerminalStyle {
    /// For standard output.
    static let output = TerminalStyle(
        isTerminal: isatty(STDOUT_FILENO) == 1, environment: ProcessInfo.processInfo.environment)

    let hasColours: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        hasColours = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// A word in the colour of how bad it is.
    func paint(_ word: String, _ verdict: Finding.Verdict) -> String {
        guard hasColours else { return word }
        let colour =
            switch verdict {
            case .ok: 32
            case .warning: 33
            case .problem: 31
            }
        return "\u{1B}[\(colour)m\(word)\u{1B}[0m"
    }
}
