/// Writes metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    /// What a family of samples is.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// What `Content-Type` says.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The document up to now.
    private(set) var text = ""

    /// Begins a family; its samples follow at once.
    ///
    /// - Parameters:
    ///   - name: its full name.
    ///   - kind: what it is.
    ///   - help: one line for people.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Writes one whole-number sample.
    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: some BinaryInteger) {
        write(name, labels, "\(value)")
    }

    /// Writes one sample.
    mutating func sample(_ name: String, _ labels: [(String, String)] = [], fraction value: Double) {
        write(name, labels, Self.number(value))
    }

    /// Writes the samples of one histogram, in seconds.
    ///
    /// - Parameters:
    ///   - name: the family's name.
    ///   - labels: what tells it from others of the family.
    ///   - boundsNanoseconds: the upper bounds of all buckets but the last.
    ///   - counts: how many durations each bucket has, without those of the others.
    ///   - sumNanoseconds: the sum of the durations.
    mutating func histogram(
        _ name: String, _ labels: [(String, String)], boundsNanoseconds: [Int64], counts: [UInt64],
        sumNanoseconds: UInt64
    ) {
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total &+= count
            let bound = index < boundsNanoseconds.count ? Self.number(Double(boundsNanoseconds[index]) / 1e9) : "+Inf"
            write(name + "_bucket", labels + [("le", bound)], "\(total)")
        }
        write(name + "_sum", labels, Self.number(Double(sumNanoseconds) / 1e9))
        write(name + "_count", labels, "\(total)")
    }

    private mutating func write(_ name: String, _ labels: [(String, String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quote: true))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    /// Backslashes and line ends are escaped everywhere, quotes in labels.
    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
