import Foundation

/// Limits from a file: a kind, a case and a number on each line.
struct Limits {
    private var values: [String: Int] = [:]

    init(path: String) throws {
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#")
        {
            let words = line.split(separator: " ")
            guard words.count == 3, let value = Int(words[2]) else { throw CocoaError(.fileReadCorruptFile) }
            values["\(words[0]) \(words[1])"] = value
        }
    }

    /// Holds a figure to its limit and says how it fares; one without a limit is not within it.
    func admits(_ name: String, _ value: Int) -> Bool {
        guard let limit = values[name] else {
            print("NO LIMIT  \(name): \(value)")
            return false
        }
        print("\(value <= limit ? "ok      " : "EXCEEDED")  \(name): \(value), limit \(limit)")
        return value <= limit
    }

    /// Names every limit that holds nothing any more, and says whether there is none.
    func areAllFor(_ names: Set<String>) -> Bool {
        let others = values.keys.filter { !names.contains($0) }.sorted()
        for name in others { print("UNUSED    \(name) is not measured") }
        return others.isEmpty
    }
}
