/// The table of targets in docs/ARCHITECTURE.md: rows of name, purpose, and imports, with code spans for what is code.
enum DocumentTable {
    /// What each target imports, by the target's name.
    static func rows(in document: String) -> [String: Set<String>] {
        var rows: [String: Set<String>] = [:]
        for line in document.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            guard cells.count == 3, let names = cells.first.map(codeSpans), let imports = cells.last.map(codeSpans)
            else { continue }
            for name in names { rows[name] = Set(imports) }
        }
        return rows
    }

    private static func codeSpans(_ cell: Substring) -> [String] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
