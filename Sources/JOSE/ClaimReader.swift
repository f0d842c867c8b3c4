/// Turns single claims into values and refuses those that could mislead whoever reads them next.
struct ClaimReader {
    /// The payload the claims lie in.
    let text: UnsafeRawBufferPointer

    /// A required date.
    func date(_ value: JSONRawValue?, _ claim: RegisteredClaim) throws(TokenRejection) -> NumericDate {
        guard let date = try optionalDate(value, claim) else { throw .missingClaim(claim) }
        return date
    }

    /// A date that may be absent, but not malformed.
    func optionalDate(_ value: JSONRawValue?, _ claim: RegisteredClaim) throws(TokenRejection) -> NumericDate? {
        guard let value else { return nil }
        guard case .number(let range) = value,
            let date = NumericDate(jsonNumber: UnsafeRawBufferPointer(rebasing: text[range]))
        else { throw .invalidClaim(claim) }
        return date
    }

    /// A required name of somebody or something.
    func identifier(_ value: JSONRawValue?, _ claim: RegisteredClaim) throws(TokenRejection) -> String {
        guard let identifier = try optionalIdentifier(value, claim) else { throw .missingClaim(claim) }
        return identifier
    }

    /// A name that may be absent, but not malformed.
    ///
    /// Names go into header fields, keys and logs. Control characters could break out of those, and spaces at the ends
    /// are trimmed by whoever parses a field, which would make `" admin"` somebody else.
    func optionalIdentifier(
        _ value: JSONRawValue?, _ claim: RegisteredClaim
    ) throws(TokenRejection) -> String? {
        guard let value else { return nil }
        guard case .string(let slice) = value else { throw .invalidClaim(claim) }
        let identifier = slice.withUTF8(in: text) { bytes -> String? in
            guard let first = bytes.first, let last = bytes.last, first != 0x20, last != 0x20 else { return nil }
            guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let identifier else { throw .invalidClaim(claim) }
        return identifier
    }

    /// `aud`: a string or an array of strings (RFC 7519 section 4.1.3).
    func audiences(
        _ value: JSONRawValue?, scanner: inout JSONScanner
    ) throws(TokenRejection) -> [String] {
        switch value {
        case nil: throw .missingClaim(.audience)
        case .string(let slice): return [slice.string(in: text)]
        case .array(let range): return try strings(ofArrayAt: range, .audience, scanner: &scanner)
        default: throw .invalidClaim(.audience)
        }
    }

    /// Scope tokens joined by single spaces, from a string or an array; empty when absent.
    func scope(
        _ value: JSONRawValue?, _ claim: RegisteredClaim, scanner: inout JSONScanner
    ) throws(TokenRejection) -> String {
        switch value {
        case nil:
            return ""
        case .string(let slice):
            let scope = slice.string(in: text)
            guard scope.isEmpty || Self.isScope(scope, mayHaveSpaces: true) else { throw .invalidClaim(claim) }
            return scope
        case .array(let range):
            let tokens = try strings(ofArrayAt: range, claim, scanner: &scanner)
            guard tokens.allSatisfy({ Self.isScope($0, mayHaveSpaces: false) }) else { throw .invalidClaim(claim) }
            return tokens.joined(separator: " ")
        default:
            throw .invalidClaim(claim)
        }
    }

    private func strings(
        ofArrayAt range: Range<Int>, _ claim: RegisteredClaim, scanner: inout JSONScanner
    ) throws(TokenRejection) -> [String] {
        var strings: [String] = []
        guard scanner.scanStrings(ofArrayAt: range, in: text, { strings.append($0.string(in: text)) }) else {
            throw .invalidClaim(claim)
        }
        return strings
    }

    /// RFC 6749 section 3.3: tokens of printable ASCII without quote and backslash, with one space between them.
    private static func isScope(_ scope: String, mayHaveSpaces: Bool) -> Bool {
        var scope = scope
        return scope.withUTF8 { bytes in
            var mayEnd = false
            for byte in bytes {
                switch byte {
                case 0x21, 0x23...0x5B, 0x5D...0x7E: mayEnd = true
                case 0x20 where mayHaveSpaces && mayEnd: mayEnd = false
                default: return false
                }
            }
            return mayEnd
        }
    }
}
