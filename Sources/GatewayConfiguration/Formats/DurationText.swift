/// Durations as people write them: `250ms`, `10s`, `15m`, `1h`, `14d`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The milliseconds of one number with one unit, or `nil` when it is not that.
    ///
    /// `0` needs no unit.
    package static func milliseconds(_ text: String) -> Int64? {
        if text == "0" {
            return 0
        }
        let digitCount = text.utf8.prefix(while: \.isASCIIDigit).count
        let unitName = String(text.dropFirst(digitCount))
        guard let number = String(text.prefix(digitCount)).decimalNumber(maximumDigits: 12),
            let unit = units.first(where: { $0.name == unitName })
        else { return nil }
        let (product, overflowed) = number.multipliedReportingOverflow(by: unit.milliseconds)
        return overflowed ? nil : product
    }

    /// The shortest exact text of a duration.
    static func text(milliseconds: Int64) -> String {
        guard milliseconds != 0 else { return "0" }
        let unit = units.first { milliseconds % $0.milliseconds == 0 } ?? ("ms", 1)
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}
