/// One thing that is wrong with a configuration file.
///
/// Values that came from `${…}` and values of settings that hold secrets are never part of it.
package struct ConfigurationProblem: Sendable, Equatable {
    /// What kind of problem it is.
    package enum Code: Sendable, Equatable, CaseIterable {
        /// The file cannot be read.
        case unreadableFile
        /// The file is larger than the reader takes.
        case fileTooLarge
        /// The file is not UTF-8, or has characters that YAML does not allow.
        case badEncoding
        /// The file is not YAML.
        case syntax
        /// Something of YAML that this configuration does without: anchors, tags, several documents.
        case yamlFeature
        /// A `${…}` that cannot be replaced.
        case substitution
        /// A key nobody reads.
        case unknownKey
        /// A key that is written twice.
        case duplicateKey
        /// A setting that must be written is not.
        case missing
        /// For example a string where a number is wanted.
        case wrongType
        /// Of the right type, but malformed or out of range.
        case badValue
        /// A name that nothing has.
        case unknownName
        /// Two settings that cannot both be true.
        case conflict
        /// A setting, or a value of one, that this version does not have yet.
        case notSupportedYet
    }

    /// What kind of problem it is.
    package var code: Code
    /// The path of the file, as it was given.
    package var file: String
    /// The line, counted from 1; `nil` when the problem is the file itself.
    package var line: Int?
    /// The column, counted from 1 in Unicode scalars.
    package var column: Int?
    /// Which setting, such as `routes[1].auth.scopes`; empty for the whole file.
    package var keyPath: String
    /// What is there.
    package var found: String
    /// What would be right, or what to do; empty when ``found`` says it all.
    package var expected: String
    /// What was probably meant.
    package var suggestion: String?
}

extension ConfigurationProblem: CustomStringConvertible {
    /// One line: `FILE:LINE:COLUMN: KEY PATH: what is there; what would be right; did you mean …?`.
    package var description: String {
        var place = file
        if let line, let column {
            place += ":\(line):\(column)"
        }
        let sentence = [found, expected, suggestion.map { "did you mean `\($0)`?" } ?? ""]
        return [place, keyPath, sentence.filter { !$0.isEmpty }.joined(separator: "; ")]
            .filter { !$0.isEmpty }
            .joined(separator: ": ")
    }
}
