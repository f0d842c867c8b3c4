/// Everything that is wrong with a configuration file, in the order of the file.
package struct ConfigurationProblems: Error, Sendable, Equatable {
    /// The problems; never empty.
    package let problems: [ConfigurationProblem]
    /// How many more there are, when there are too many to keep.
    package let omittedCount: Int
}

extension ConfigurationProblems: CustomStringConvertible {
    /// One problem on each line.
    package var description: String {
        let lines = problems.map(\.description)
        let rest = omittedCount > 0 ? ["and \(omittedCount) more problems"] : []
        return (lines + rest).joined(separator: "\n")
    }
}
