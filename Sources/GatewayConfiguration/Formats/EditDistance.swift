/// How far a misspelt word is from the words it could be.
package enum EditDistance {
    private static let lengthLimit = 64

    /// Finds the nearest of some words.
    ///
    /// - Parameters:
    ///   - word: what was written.
    ///   - candidates: what could be meant.
    /// - Returns: the nearest, when it is near enough to have been meant; the first of equals.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= lengthLimit else { return nil }
        let plainWord = plain(word)
        let ranked = candidates.map { ($0, distance(plainWord, plain($0))) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }) else { return nil }
        // A third of the letters may be wrong: "url" is not meant by "dsn".
        return best.1 <= max(1, min(3, plain(best.0).count / 3)) ? best.0 : nil
    }

    /// `keyPrefix`, `key-prefix` and `key_prefix` are one word.
    private static func plain(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != 0x2D && $0 != 0x5F && $0 != 0x20 }
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for row in 0..<first.count {
            var current = [row + 1]
            for column in 0..<second.count {
                let replaced = previous[column] + (first[row] == second[column] ? 0 : 1)
                var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[second.count]
    }
}
