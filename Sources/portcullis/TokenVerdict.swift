import JOSE

/// What `token inspect` found: which checks a token passed, and why it would be refused.
struct TokenVerdict {
    /// The checks in the order the verifier makes them.
    enum Check: String, CaseIterable {
        case form, header, issuer, key, signature, claims, times
    }

    /// What came of a check.
    enum Mark: String {
        case ok, failed
        case notChecked = "not checked"
    }

    /// The rule that the token broke.
    let rejection: TokenRejection?
    /// Why.
    let explanation: RejectionExplanation?
    /// The configuration it was judged by; `nil` when only what holds everywhere was checked.
    let configurationPath: String?

    /// Every check, as far as they went.
    var marks: [(check: Check, mark: Mark)] {
        let failed = rejection.map(Self.check)
        var isReached = true
        return Check.allCases.map { check in
            if check == failed {
                isReached = false
                return (check, .failed)
            }
            let needsKeys = [.issuer, .key, .signature].contains(check)
            return (check, !isReached || (configurationPath == nil && needsKeys) ? .notChecked : .ok)
        }
    }

    /// All of it for programs.
    ///
    /// - Parameter inspection: what the token says.
    /// - Returns: an object.
    func document(of inspection: TokenInspection) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("header", inspection.header.map(JSONValue.object) ?? .null),
            ("claims", inspection.claims.map(JSONValue.object) ?? .null),
            ("checks", .object(marks.map { ($0.check.rawValue, .string($0.mark.rawValue)) })),
            ("refused", .bool(rejection != nil)),
        ]
        if let rejection { members.append(("reason", .string(rejection.reason))) }
        if let explanation { members.append(("explanation", .array(explanation.lines.map { .string($0) }))) }
        return .object(members)
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
}
