import Foundation
import JOSE

/// What `token inspect` prints.
struct TokenReport {
    /// Claims that name a moment (RFC 7519 section 4.1, OpenID Connect Core section 2).
    private static let dates: Set<String> = ["exp", "nbf", "iat", "auth_time", "updated_at"]

    private let nowSeconds: Int64
    private var lines: [String] = []

    init(_ inspection: TokenInspection, _ verdict: TokenVerdict, nowSeconds: Int64) {
        self.nowSeconds = nowSeconds
        add("header", inspection.header)
        add("claims", inspection.claims)
        lines.append("signature: " + (inspection.signatureByteCount.map { "\($0) bytes" } ?? "cannot be read"))
        add(verdict)
    }

    /// All of it, without a line end after the last line.
    var text: String { lines.joined(separator: "\n") }

    /// Adds the checks, as far as they went, and what came of them.
    private mutating func add(_ verdict: TokenVerdict) {
        lines.append("")
        lines.append(verdict.configurationPath.map { "checks by \($0)" } ?? "checks that need no configuration")
        for (check, mark) in verdict.marks {
            let text = mark == .failed ? "FAILED" : mark.rawValue
            lines.append("  \(check.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0))  \(text)")
        }
        lines.append("")
        if let rejection = verdict.rejection {
            lines.append("refused: \(rejection.reason)")
            for line in verdict.explanation?.lines ?? [] { lines.append("  \(TerminalText.printable(line))") }
        } else if verdict.configurationPath != nil {
            lines.append("accepted; whether it has been revoked was not asked")
        } else {
            lines.append("nothing is wrong with it in itself; --verify --config FILE checks issuer, key and signature")
        }
    }

    private mutating func add(_ title: String, _ object: JSONObject?) {
        guard let object else {
            lines.append("\(title): cannot be read")
            return
        }
        lines.append(title)
        let names = object.members.map { TerminalText.printable($0.name) }
        let width = min(names.map(\.count).max() ?? 0, 20)
        for (name, member) in zip(names, object.members) {
            let value = TerminalText.printable(JSONWriter.text(of: member.value))
            let padding = String(repeating: " ", count: max(0, width - name.count))
            var line = "  \(name)\(padding)  \(value)"
            if title == "claims", Self.dates.contains(member.name), let date = member.value.number?.numericDate {
                line += "  \(HumanTime.text(date, nowSeconds: nowSeconds))"
            }
            lines.append(line)
        }
    }
}

/// Moments as people read them.
enum HumanTime {
    /// The date and how far away it is: `2026-01-02T03:04:05Z (in 14 minutes)`.
    static func text(_ date: NumericDate, nowSeconds: Int64) -> String {
        let moment = Date(timeIntervalSince1970: Double(date.seconds)).formatted(.iso8601)
        let distance = date.seconds - nowSeconds
        guard distance != 0 else { return "\(moment) (now)" }
        let span = duration(abs(distance))
        return "\(moment) (\(distance > 0 ? "in \(span)" : "\(span) ago"))"
    }

    /// The largest unit that fits, and the next one.
    static func duration(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(365 * 86_400, "year"), (86_400, "day"), (3600, "hour"), (60, "minute")]
        for (index, (size, name)) in units.enumerated() where seconds >= size {
            let rest = seconds % size
            let (nextSize, nextName) = index + 1 < units.count ? units[index + 1] : (1, "second")
            let next = rest / nextSize
            return counted(seconds / size, name) + (next > 0 ? " \(counted(next, nextName))" : "")
        }
        return counted(seconds, "second")
    }

    private static func counted(_ count: Int64, _ name: String) -> String {
        "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}
