/// Where the readers of one file put what they find wrong, so that all of it is told at once.
final class ProblemList {
    private static let countLimit = 500

    private let file: String
    private var problems: [ConfigurationProblem] = []
    private var omittedCount = 0

    init(file: String) {
        self.file = file
    }

    var isEmpty: Bool { problems.isEmpty }

    func add(
        _ code: ConfigurationProblem.Code,
        at position: Position?,
        path: String,
        found: String,
        expected: String = "",
        suggestion: String? = nil
    ) {
        guard problems.count < Self.countLimit else {
            omittedCount += 1
            return
        }
        problems.append(
            ConfigurationProblem(
                code: code, file: file, line: position?.line, column: position?.column, keyPath: path, found: found,
                expected: expected, suggestion: suggestion))
    }

    /// What there is to throw, in the order of the file.
    func sorted() -> ConfigurationProblems {
        let inOrder = problems.enumerated().sorted { first, second in
            let (left, right) = (first.element, second.element)
            return (left.line ?? 0, left.column ?? 0, first.offset) < (
                right.line ?? 0, right.column ?? 0, second.offset
            )
        }
        return ConfigurationProblems(problems: inOrder.map(\.element), omittedCount: omittedCount)
    }
}
