import Foundation
import JOSE

/// What `token inspect` prints.
struct TokenReport {
    /// The checks in the order the verifier makes them.
    private enum Check: String, CaseIterable {
        case form, header, issuer, key, signature, claims, times
    }

    /// Claims that name a moment (RFC 7519 section 4.1, OpenID Connect Core section 2).
    private static let dates: Set<String> = ["exp", "nbf", "iat", "auth_time", "updated_at"]

    private let nowSeconds: Int64
    private var lines: [String] = []

    init(inspection: TokenInspection, nowSeconds: Int64) {
        self.nowSeconds = nowSeconds
        add("header", inspection.header)
        add("claims", inspection.claims)
        lines.append("signature: " + (inspection.signatureByteCount.map { "\($0) bytes" } ?? "cannot be read"))
    }

    /// All of it, without a line end after the last line.
    var text: String { lines.joined(separator: "\n") }

    /// Adds the checks, as far as they went, and what came of them.
    ///
    /// - Parameters:
    ///   - rejection: the rule that the token broke.
    ///   - explanation: why.
    ///   - path: the configuration it was judged by; `nil` when only what holds everywhere was checked.
    mutating func add(verdict rejection: TokenRejection?, explanation: RejectionExplanation?, verifiedBy path: String?)
    {
        let failed = rejection.map(Self.check)
        lines.append("")
        lines.append(path.map { "checks by \($0)" } ?? "checks that need no configuration")
        var isReached = true
        for check in Check.allCases {
            let needsKeys = [.issuer, .key, .signature].contains(check)
            let mark =
                if check == failed { "FAILED" } else if !isReached || (path == nil && needsKeys) { "not checked" } else
                {
                    "ok"
                }
            lines.append("  \(check.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0))  \(mark)")
            if check == failed { isReached = false }
        }
        lines.append("")
        switch (rejection, path) {
        case (let rejection?, _):
            lines.append("refused: \(rejection.reason)")
            for line in explanation?.lines ?? [] { lines.append("  \(Self.printable(line))") }
        case (nil, .some):
            lines.append("accepted; whether it has been revoked was not asked")
        case (nil, nil):
            lines.append("nothing is wrong with it in itself; --verify --config FILE checks issuer, key and signature")
        }
    }

    private mutating func add(_ title: String, _ object: JSONObject?) {
        guard let object else {
            lines.append("\(title): cannot be read")
            return
        }
        lines.append(title)
        let names = object.members.map { Self.printable($0.name) }
        let width = min(names.map(\.count).max() ?? 0, 20)
        for (name, member) in zip(names, object.members) {
            let value = Self.printable(JSONWriter.text(of: member.value))
            let padding = String(repeating: " ", count: max(0, width - name.count))
            var line = "  \(name)\(padding)  \(value)"
            if title == "claims", Self.dates.contains(member.name), let date = member.value.number?.numericDate {
                line += "  \(HumanTime.text(date, nowSeconds: nowSeconds))"
            }
            lines.append(line)
        }
    }

    private static func check(of rejection: TokenRejection) -> Check {
        switch rejection {
        case .tooLarge, .malformed: .form
        case .criticalHeader, .wrongType: .header
        case .unknownIssuer, .missingClaim(.issuer), .invalidClaim(.issuer): .issuer
        case .badSignature: .signature
        case .missingClaim, .invalidClaim, .senderConstrained, .wrongAudience, .lifetimeTooLong: .claims
        case .expired, .notYetValid, .issuedInTheFuture: .times
        default: .key
        }
    }

    /// Text that does nothing to a terminal: control and formatting characters are written out.
    static func printable(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                output += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                output.unicodeScalars.append(scalar)
            }
        }
        return output
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
