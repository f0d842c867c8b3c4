import Testing

/// Cuts bytes into pieces, so that a parser can be shown not to care how its bytes arrive.
enum Feeding {
    /// Where each piece ends: all at once, byte by byte, and cut in two at every boundary.
    static func everyWay(_ count: Int) -> [[Int]] {
        [[count], Array(0...count)] + (0...count).map { [$0, count] }
    }

    /// Reads bytes in every way and expects one outcome.
    ///
    /// - Parameters:
    ///   - bytes: what to read.
    ///   - sourceLocation: where a difference is reported.
    ///   - read: reads the bytes in pieces that end where its argument says.
    /// - Returns: the outcome of all bytes at once.
    @discardableResult
    static func expectOneOutcome<Outcome: Equatable>(
        of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation, read: ([Int]) -> Outcome
    ) -> Outcome {
        let whole = read([bytes.count])
        for ends in everyWay(bytes.count) {
            let outcome = read(ends)
            if outcome != whole {
                Issue.record(
                    "\(String(decoding: bytes, as: UTF8.self).debugDescription) whole: \(whole), cut at \(ends): \(outcome)",
                    sourceLocation: sourceLocation)
                return whole
            }
        }
        return whole
    }
}
