/// What an issuer calls the claims that this gateway reads, where it has names of its own for them.
///
/// Members at the top are found, and scopes also deeper. A claim that is mapped is read under its new name alone: the
/// usual one is passed over then, so that it cannot say something else.
package struct ClaimMapping: Sendable, Equatable {
    /// Who the token is about; `sub` when nil.
    package let subject: String?
    /// What it permits, a string or an array of strings; `scope`, or else `scp`, when nil.
    ///
    /// The name of a member, or the names that lead to one in nested objects, at most ``maximumScopeDepth``.
    package let scope: [String]?
    /// The client it was issued to; `client_id`, or else `azp`, when nil.
    package let clientID: String?

    /// How many names may lead to the scopes.
    package static let maximumScopeDepth = 3

    /// The usual names.
    package static let standard = ClaimMapping()

    /// A mapping of some claims; those left out have their usual names.
    package init(subject: String? = nil, scope: [String]? = nil, clientID: String? = nil) {
        self.subject = subject
        self.scope = scope
        self.clientID = clientID
    }

    /// Whether every name is one that can stand for another.
    var isSensible: Bool {
        guard let scope else { return isSensible([subject, clientID]) }
        return (1...Self.maximumScopeDepth).contains(scope.count) && !scope.contains("")
            && isSensible([subject, scope.first, clientID])
    }

    private func isSensible(_ names: [String?]) -> Bool {
        names.compactMap(\.self).allSatisfy { !$0.isEmpty && !Self.fixedNames.contains($0) }
    }

    /// Claims that mean the same to everybody and cannot stand for another (RFC 7519 section 4.1, RFC 7800).
    package static let fixedNames: Set<String> = ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf"]
}

extension RawClaims {
    /// Puts the claims of an issuer's own names in the place of the usual ones.
    ///
    /// The issuer is known only once the claims have been read, so those of its own names are looked for in a second pass,
    /// which issuers without a mapping do not pay for.
    ///
    /// - Parameters:
    ///   - mapping: the names.
    ///   - text: the payload, found well-formed.
    ///   - scanner: a scanner whose storage can be used.
    /// - Throws: `malformed`, or `invalidClaim` where no object is what names lead through.
    mutating func apply(
        _ mapping: ClaimMapping, in text: UnsafeRawBufferPointer, scanner: inout JSONScanner
    ) throws(TokenRejection) {
        var claims = self
        if mapping.subject != nil { claims.subject = nil }
        if mapping.scope != nil { (claims.scope, claims.scopeList) = (nil, nil) }
        if mapping.clientID != nil { (claims.clientID, claims.authorizedParty) = (nil, nil) }
        try scanner.scanMembers(of: text) { name, value throws(TokenRejection) in
            name.withUTF8(in: text) { bytes in
                if bytes.elementsEqual(mapping.subject) { claims.subject = value }
                if bytes.elementsEqual(mapping.scope?.first) { claims.scope = value }
                if bytes.elementsEqual(mapping.clientID) { claims.clientID = value }
            }
        }
        for name in mapping.scope?.dropFirst() ?? [] {
            claims.scope = try scanner.member(name, of: claims.scope, in: text)
        }
        self = claims
    }
}

extension JSONScanner {
    /// A member of a nested object; nil when there is no such one, or no object to have it.
    ///
    /// What is there but is no object is an invalid claim: whoever wrote it meant something else.
    fileprivate mutating func member(
        _ wanted: String, of value: JSONRawValue?, in text: UnsafeRawBufferPointer
    ) throws(TokenRejection) -> JSONRawValue? {
        guard let value else { return nil }
        guard case .object(let range) = value else { throw .invalidClaim(.scope) }
        var found: JSONRawValue?
        try scanMembers(of: text, in: range) { name, value throws(TokenRejection) in
            if name.withUTF8(in: text, { $0.elementsEqual(wanted) }) { found = value }
        }
        return found
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these are the bytes of a name; false when there is none.
    fileprivate func elementsEqual(_ name: String?) -> Bool {
        name.map { elementsEqual($0.utf8) } ?? false
    }
}
