/// Numbers of bytes as people write them: `16KiB`, `10MiB`, `1GiB`, or plainly `4096`.
enum SizeText {
    private static let units: [(name: String, bytes: Int64)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1),
    ]

    /// The number of bytes, or `nil` when the text is not a size.
    static func bytes(_ text: String) -> Int64? {
        let digitCount = text.utf8.prefix(while: \.isASCIIDigit).count
        let unitName = String(text.dropFirst(digitCount))
        guard let number = String(text.prefix(digitCount)).decimalNumber(maximumDigits: 15),
            let unit = units.first(where: { $0.name == unitName })
        else { return nil }
        let (product, overflowed) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflowed ? nil : product
    }

    /// The shortest exact text of a size.
    static func text(bytes: Int64) -> String {
        guard bytes != 0 else { return "0" }
        let unit = units.first { bytes % $0.bytes == 0 } ?? ("", 1)
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
