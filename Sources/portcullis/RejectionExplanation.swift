import JOSE

/// Why a token was refused, with what it says beside what is wanted.
struct RejectionExplanation {
    /// Sentences; they may hold text of the token.
    let lines: [String]

    /// - Parameters:
    ///   - rejection: the rule broken.
    ///   - inspection: the token.
    ///   - issuers: whom the configuration trusts; `nil` without one.
    ///   - nowSeconds: seconds since 1970.
    ///   - leewaySeconds: how far clocks may differ.
    init(
        _ rejection: TokenRejection, inspection: TokenInspection, issuers: [TrustedIssuer]?, nowSeconds: Int64,
        leewaySeconds: Int64
    ) {
        let claims = inspection.claims
        func time(_ name: String) -> String {
            claims?[name]?.number?.numericDate.map { HumanTime.text($0, nowSeconds: nowSeconds) } ?? "unreadable"
        }
        let issuer = issuers?.first { $0.issuer.utf8.elementsEqual((claims?["iss"]?.string ?? "").utf8) }
        switch rejection {
        case .tooLarge, .malformed:
            lines =
                inspection.faults.isEmpty ? ["alg or kid is missing or not a string"] : inspection.faults
        case .criticalHeader:
            lines = ["the header has crit or b64: extensions are not supported"]
        case .wrongType:
            let wanted = issuer?.requireType == true ? "at+jwt" : "at+jwt, JWT or none"
            lines = ["typ is \(Self.text(inspection.header?["typ"])); wanted is \(wanted)"]
        case .unknownIssuer:
            lines = ["iss is \(Self.text(claims?["iss"])); trusted are: \(Self.list(issuers?.map(\.issuer)))"]
        case .algorithmNotAllowed:
            lines = Self.algorithm(inspection, issuer)
        case .unknownKey:
            let known = issuer?.keys.keys.map { $0.keyID ?? "(one without kid)" }
            lines =
                inspection.header?["kid"] == nil
                ? ["there is no kid, and not exactly one key of the issuer fits the algorithm"]
                : ["kid is \(Self.text(inspection.header?["kid"])); the issuer's keys are: \(Self.list(known))"]
        case .badSignature:
            lines = [
                "the key \(Self.text(inspection.header?["kid"])) did not sign this text: changed, or made with another key"
            ]
        case .missingClaim(let claim):
            lines = ["\(Self.name(of: claim, issuer)) is missing"]
        case .invalidClaim(let claim):
            let name = Self.name(of: claim, issuer)
            let value = Self.value(of: claim, in: claims, issuer)
            lines = ["\(name) is \(Self.text(value)), which is not of the right type or not acceptable"]
        case .senderConstrained:
            lines = ["cnf binds the token to a key of its holder, and that binding could not be checked"]
        case .wrongAudience:
            let client =
                issuer?.audienceClaim == .clientID ? "client_id is \(Self.text(claims?["client_id"])) and " : ""
            lines = ["\(client)aud is \(Self.text(claims?["aud"])); accepted are: \(Self.list(issuer?.audiences))"]
        case .lifetimeTooLong:
            let longest = issuer?.maximumLifetimeSeconds.map(HumanTime.duration) ?? "less"
            lines = ["from iat to exp is longer than the \(longest) that this issuer's tokens may live"]
        case .expired:
            lines = ["exp was \(time("exp")); the leeway is \(HumanTime.duration(leewaySeconds))"]
        case .notYetValid:
            lines = ["nbf is \(time("nbf")); the leeway is \(HumanTime.duration(leewaySeconds))"]
        case .issuedInTheFuture:
            lines = ["iat is \(time("iat")); the leeway is \(HumanTime.duration(leewaySeconds)). Is the clock right?"]
        default:
            lines = ["the issuer's keys are not known here"]
        }
    }

    private static func algorithm(_ inspection: TokenInspection, _ issuer: TrustedIssuer?) -> [String] {
        let name = inspection.header?["alg"]
        guard let issuer else { return ["alg is \(text(name)), which is not a supported signature algorithm"] }
        let allowed = SignatureAlgorithm.allCases.filter(issuer.algorithms.contains).map(\.rawValue)
        guard let written = name?.string, allowed.contains(written) else {
            return ["alg is \(text(name)); allowed for this issuer are: \(list(allowed))"]
        }
        return ["alg is \(text(name)), which is not the algorithm of the key \(text(inspection.header?["kid"]))"]
    }

    /// The claim as the issuer calls it.
    private static func name(of claim: RegisteredClaim, _ issuer: TrustedIssuer?) -> String {
        switch claim {
        case .subject: issuer?.claims.subject ?? claim.rawValue
        case .scope: issuer?.claims.scope?.joined(separator: ".") ?? claim.rawValue
        case .clientID: issuer?.claims.clientID ?? claim.rawValue
        default: claim.rawValue
        }
    }

    /// The claim's value, or what stands in the way of the names that lead to it.
    private static func value(
        of claim: RegisteredClaim, in claims: JSONObject?, _ issuer: TrustedIssuer?
    ) -> JSONValue? {
        guard claim == .scope, let path = issuer?.claims.scope, let first = path.first else {
            return claims?[name(of: claim, issuer)]
        }
        return path.dropFirst().reduce(claims?[first]) { value, name in value?.object.map { $0[name] } ?? value }
    }

    private static func text(_ value: JSONValue?) -> String {
        value.map(JSONWriter.text) ?? "missing"
    }

    private static func list(_ names: [String]?) -> String {
        guard let names, !names.isEmpty else { return "none" }
        return names.joined(separator: ", ")
    }
}
