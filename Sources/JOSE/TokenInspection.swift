/// What a token's text shows to somebody who looks for what is wrong with it; nothing in it is to be believed.
///
/// Reads as strictly as the verifier, but goes on after a fault, and says where each one is.
package struct TokenInspection: Sendable {
    /// The header, where it can be read.
    package let header: JSONObject?
    /// The claims, where they can be read.
    package let claims: JSONObject?
    /// How long the signature is, where it can be read.
    package let signatureByteCount: Int?
    /// What is wrong with the form, in words; constant but for places and numbers.
    package let faults: [String]

    /// Takes a token apart.
    ///
    /// - Parameters:
    ///   - token: the compact serialization, nothing around it.
    ///   - maximumByteCount: the longest token the verifier would look at.
    package init(_ token: [UInt8], maximumByteCount: Int = TokenVerifier.defaultMaximumTokenByteCount) {
        guard token.count <= maximumByteCount else {
            (header, claims, signatureByteCount) = (nil, nil, nil)
            faults = ["\(token.count) bytes, more than the \(maximumByteCount) that are looked at"]
            return
        }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        guard parts.count == 3 else {
            let kind = parts.count == 5 ? ": an encrypted token (JWE), which is not supported" : ""
            (header, claims, signatureByteCount) = (nil, nil, nil)
            faults = ["\(parts.count) \(parts.count == 1 ? "part" : "parts") instead of 3\(kind)"]
            return
        }
        var faults: [String] = []
        header = Self.object(in: parts[0], of: "header", &faults)
        claims = Self.object(in: parts[1], of: "claims", &faults)
        let signature = Self.octets(in: parts[2], of: "signature", &faults)
        if signature?.isEmpty == true { faults.append("the signature is empty") }
        signatureByteCount = signature?.count
        self.faults = faults
    }

    private static func object(in text: [UInt8], of part: String, _ faults: inout [String]) -> JSONObject? {
        guard let octets = octets(in: text, of: part, &faults) else { return nil }
        do throws(JSONError) {
            if let object = try JSONParser(limits: .token).parse(octets).object { return object }
            faults.append("the \(part) is JSON, but not an object")
        } catch {
            faults.append("the \(part) is not acceptable JSON: \(error.code.words) at byte \(error.offset)")
        }
        return nil
    }

    private static func octets(in text: [UInt8], of part: String, _ faults: inout [String]) -> [UInt8]? {
        if let octets = text.withUnsafeBytes({ Base64URL.decode($0) }) { return octets }
        let why =
            if text.contains(UInt8(ascii: "=")) {
                "it has padding"
            } else if text.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }) {
                "it is in the standard alphabet of base64"
            } else if text.count % 4 == 1 {
                "it is cut off"
            } else {
                "a character is not of the alphabet, or its last one has bits that stand for nothing"
            }
        faults.append("the \(part) is not canonical base64url: \(why)")
        return nil
    }
}

extension TokenInspection {
    /// What would refuse the token whatever is configured, its signature aside: its form, header, claims and times.
    ///
    /// - Parameters:
    ///   - token: the compact serialization.
    ///   - nowSeconds: seconds since 1970.
    ///   - leewaySeconds: how far clocks may differ.
    /// - Returns: the first rule broken, or nil.
    package static func rejection(
        of token: [UInt8], nowSeconds: Int64, leewaySeconds: Int64
    ) -> TokenRejection? {
        let algorithms = Set(SignatureAlgorithm.allCases)
        do throws(TokenRejection) {
            guard let keys = try? JSONWebKeySet(keys: []) else { return nil }
            let shown = try UnverifiedToken(token)
            let audiences = shown.claims["aud"]?.array?.compactMap(\.string) ?? [shown.claims["aud"]?.string ?? ""]
            let client = shown.claims["aud"] == nil ? shown.claims["client_id"]?.string : nil
            // Trusts whatever the token names, so that only what nobody would accept is left.
            let issuer = TrustedIssuer(
                issuer: shown.issuer ?? "-", audiences: (audiences + [client ?? "-"]).filter { !$0.isEmpty } + ["-"],
                audienceClaim: client == nil ? .audience : .clientID, algorithms: algorithms, keys: keys)
            guard let verifier = try? TokenVerifier(issuers: [issuer], leewaySeconds: leewaySeconds) else { return nil }
            try token.withUnsafeBufferPointer { buffer throws(TokenRejection) in
                try verifier.judgeUnsigned(UnsafeRawBufferPointer(buffer), nowSeconds: nowSeconds)
            }
            return nil
        } catch {
            return error
        }
    }
}

extension TokenVerifier {
    /// Judges all of a token but its key and its signature; never a reason to accept it.
    fileprivate func judgeUnsigned(_ token: UnsafeRawBufferPointer, nowSeconds: Int64) throws(TokenRejection) {
        let parsed = try parse(token)
        guard parsed.header.algorithm != nil else { throw .algorithmNotAllowed }
        let keyring = keyrings[try issuerIndex(of: parsed)]
        let claims = try AccessClaims(parsed.claims, in: parsed.payload, for: keyring, scanner: &scanner)
        let validity = TokenValidity(
            issuedAt: claims.issuedAt, notBefore: claims.notBefore, expiresAt: claims.expiresAt)
        if let rejection = validity.rejection(nowSeconds: nowSeconds, leewaySeconds: leewaySeconds) { throw rejection }
    }
}

extension JSONError.Code {
    /// The code in a few words.
    package var words: String {
        switch self {
        case .syntax: "a syntax error"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .loneSurrogate: "half of a surrogate pair"
        case .duplicateName: "a name that occurs twice"
        case .tooDeep: "nested too deep"
        case .tooLarge: "too large"
        case .tooManyMembers: "too many members"
        }
    }
}

extension JSONNumber {
    /// The number as a moment, when it is one that a token may name.
    package var numericDate: NumericDate? {
        [UInt8](text.utf8).withUnsafeBytes { NumericDate(jsonNumber: $0) }
    }
}
