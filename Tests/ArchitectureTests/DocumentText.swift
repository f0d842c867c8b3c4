import Foundation

/// What is looked for in documents.
enum DocumentText {
    /// The rows of a table of targets: name, purpose and imports, with code spans for what is code.
    static func importRows(in document: String) -> [String: Set<String>] {
        var rows: [String: Set<String>] = [:]
        for line in document.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            guard cells.count == 3, let names = cells.first.map(codeSpans), let imports = cells.last.map(codeSpans)
            else { continue }
            for name in names { rows[name] = Set(imports) }
        }
        return rows
    }

    /// The Swift files named in code spans.
    static func sourceFiles(in document: String) -> [String] {
        document.split(separator: "\n").flatMap(codeSpans).filter { $0.hasSuffix(".swift") }
    }

    /// Where links lead inside the repository, without anchors.
    static func links(in document: String) -> [String] {
        document.components(separatedBy: "](").dropFirst().compactMap { rest in
            guard let link = rest.split(separator: ")", omittingEmptySubsequences: false).first,
                !link.contains("://"), let path = link.split(separator: "#").first
            else { return nil }
            return String(path)
        }
    }

    /// The lines at which fenced blocks begin that have no comment directly above.
    static func unmarkedBlocks(in document: String) -> [Int] {
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        let fences = lines.indices.filter { lines[$0].hasPrefix("```") }
        return fences.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
            .filter { $0 == 0 || !lines[$0 - 1].hasPrefix("<!-- ") }.map { $0 + 1 }
    }

    private static func codeSpans(_ cell: Substring) -> [String] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
