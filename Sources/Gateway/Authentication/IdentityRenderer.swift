import Credentials
import JOSE
import LibCrypto
import Proxy
import RateLimiting
import Revocation

/// Renders the `X-Auth-*` lines of a verified token.
///
/// A claim can hold any text, a header line cannot: bytes outside visible ASCII, and `%` itself, are percent-encoded.
/// So two subjects never become the same header, and no claim can begin a line of its own.
enum IdentityRenderer {
    static func render(_ token: VerifiedToken) -> Identity {
        var lines: [UInt8] = []
        lines.reserveCapacity(256)
        append("X-Auth-Subject: ", token.subject, to: &lines)
        if !token.scope.isEmpty { append("X-Auth-Scope: ", token.scope, allowingSpaces: true, to: &lines) }
        if let client = token.clientID { append("X-Auth-Client-Id: ", client, to: &lines) }
        if let session = token.sessionID { append("X-Auth-Session-Id: ", session, to: &lines) }
        append("X-Auth-Token-Id: ", token.tokenID, to: &lines)
        append("X-Auth-Issuer: ", token.issuer, to: &lines)
        append("X-Auth-Method: ", "jwt", to: &lines)
        // What the identity keeps of the token is these three texts.
        let (issuer, subject, clientID) = (token.issuer, token.subject, token.clientID)
        return Identity(
            headerLines: lines.withUnsafeBytes { Array($0) },
            traces: traces(issuer: issuer, subject: subject, clientID: clientID))
    }

    /// The lines of an API key: its owner is the subject, its id stands for a token's.
    static func render(_ key: APIKey, issuer: String) -> Identity {
        let subject = key.owner.name
        var clientID: String?
        if case .client(let id) = key.owner { clientID = id.text }
        var lines: [UInt8] = []
        lines.reserveCapacity(256)
        append("X-Auth-Subject: ", subject, to: &lines)
        if !key.scope.text.isEmpty { append("X-Auth-Scope: ", key.scope.text, allowingSpaces: true, to: &lines) }
        if let clientID { append("X-Auth-Client-Id: ", clientID, to: &lines) }
        append("X-Auth-Token-Id: ", key.id.tokenID, to: &lines)
        append("X-Auth-Issuer: ", issuer, to: &lines)
        append("X-Auth-Method: ", "api_key", to: &lines)
        // Where clients are counted, the key of a user counts for itself.
        let counted = clientID ?? key.id.tokenID
        return Identity(
            headerLines: lines.withUnsafeBytes { Array($0) },
            traces: traces(issuer: issuer, subject: subject, clientID: counted))
    }

    private static func traces(issuer: String, subject: String, clientID: String?) -> IdentityTraces {
        IdentityTraces(
            countingKeys: countingKeys(issuer: issuer, subject: subject, clientID: clientID),
            loggedSubject: loggedForm(of: subject))
    }

    /// Whom the requests of a token are counted for.
    ///
    /// A token without `client_id` counts for its subject where clients are counted: for itself, and not together with
    /// every other token of that kind.
    static func countingKeys(issuer: String, subject: String, clientID: String?) -> CountingKeys {
        let subject = RateLimitKey.of(["subject", issuer, subject])
        return CountingKeys(
            subject: subject, client: clientID.map { RateLimitKey.of(["client", issuer, $0]) } ?? subject)
    }

    /// The subject as logs show it: enough of a digest to follow one, not enough to name one.
    static func loggedForm(of subject: String) -> String {
        Hexadecimal.encode(Digest.hash(Array(subject.utf8), with: .sha256).prefix(8))
    }

    private static func append(
        _ name: StaticString, _ value: String, allowingSpaces: Bool = false, to lines: inout [UInt8]
    ) {
        name.withUTF8Buffer { lines.append(contentsOf: $0) }
        let lowest: UInt8 = allowingSpaces ? 0x20 : 0x21
        func isPlain(_ byte: UInt8) -> Bool {
            byte &- lowest <= 0x7e - lowest && byte != UInt8(ascii: "%")
        }
        var value = value
        value.withUTF8 { bytes in
            // Neither ended early nor by `isPlain`, so that many are compared at once.
            var oddBits: UInt8 = 0
            for byte in bytes {
                oddBits |= byte &- lowest > 0x7e - lowest ? 1 : 0
                oddBits |= byte == UInt8(ascii: "%") ? 1 : 0
            }
            // Nearly always: then it is one copy.
            guard oddBits != 0 else { return lines.append(contentsOf: bytes) }
            for byte in bytes {
                if isPlain(byte) {
                    lines.append(byte)
                } else {
                    lines.append(UInt8(ascii: "%"))
                    lines.append(contentsOf: Hexadecimal.encode([byte]).uppercased().utf8)
                }
            }
        }
        lines.append(0x0d)
        lines.append(0x0a)
    }
}
