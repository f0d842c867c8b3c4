/// The end of a command's help: lines that can be run as they are.
struct Examples {
    /// What stands before them.
    let discussion: String
    /// The command lines.
    let lines: [String]

    init(_ discussion: String = "", _ lines: String...) {
        self.discussion = discussion
        self.lines = lines
    }

    /// Both, as `CommandConfiguration` takes them.
    var text: String {
        (discussion.isEmpty ? "" : discussion + "\n\n") + "EXAMPLES:\n"
            + lines.map { "  \($0)" }.joined(separator: "\n")
    }
}
