import Foundation
import Testing

@testable import HTTP1

@Suite("FieldName and FieldTraits")
struct FieldNameTests {
    static let names: [(String, FieldName, FieldTraits)] = [
        ("host", .host, .host), ("content-length", .contentLength, .framing),
        ("transfer-encoding", .transferEncoding, .framing), ("expect", .expect, []), ("date", .date, []),
        ("server", .server, []), ("connection", .connection, .hopByHop), ("keep-alive", .keepAlive, .hopByHop),
        ("proxy-connection", .proxyConnection, .hopByHop), ("te", .te, .hopByHop), ("trailer", .trailer, .hopByHop),
        ("upgrade", .upgrade, .hopByHop), ("proxy-authorization", .proxyAuthorization, .hopByHop),
        ("proxy-authenticate", .proxyAuthenticate, .hopByHop), ("http2-settings", .http2Settings, .hopByHop),
        ("cookie", .cookie, []), ("authorization", .authorization, .credential), ("x-api-key", .apiKey, .credential),
        ("forwarded", .forwarded, .forwarding), ("x-forwarded-for", .forwardedFor, .forwarding),
        ("x-forwarded-proto", .forwardedProto, .forwarding), ("x-forwarded-host", .forwardedHost, .forwarding),
        ("x-forwarded-method", .forwardedMethod, .forwarding), ("x-forwarded-uri", .forwardedURI, .forwarding),
        ("x-original-method", .originalMethod, .forwarding), ("x-original-url", .originalURL, .forwarding),
        ("x-forwarded-port", .otherForwarding, .forwarding), ("x-forwarded-prefix", .otherForwarding, .forwarding),
        ("x-forwarded-", .otherForwarding, .forwarding), ("x-original-uri", .otherForwarding, .forwarding),
        ("x-rewrite-url", .otherForwarding, .forwarding), ("x-real-ip", .realIP, .forwarding),
        ("x-request-id", .requestID, .requestID), ("x-auth-subject", .identity, .identity),
        ("x-auth-scope", .identity, .identity), ("x-auth-client-id", .identity, .identity),
        ("x-auth-session-id", .identity, .identity), ("x-auth-token-id", .identity, .identity),
        ("x-auth-issuer", .identity, .identity), ("x-auth-method", .identity, .identity),
    ]

    static func recognise(_ name: String) -> (field: FieldName, isLookAlike: Bool) {
        Array(name.utf8).withUnsafeBytes { FieldName.recognise($0) }
    }

    @Test("every name is recognised in any case")
    func anyCase() {
        for (name, field, traits) in Self.names {
            for spelling in [name, name.uppercased(), name.capitalized] {
                let found = Self.recognise(spelling)
                #expect(found.field == field && !found.isLookAlike, "\(spelling)")
                #expect(FieldTraits.of(found.field) == traits, "\(spelling)")
            }
        }
    }

    @Test("an alias that a backend could take for the name is recognised as a look-alike")
    func lookAlikes() {
        for (name, field, _) in Self.names where name.contains("-") {
            for byte in "!#$%&'*+.^_`|~" {
                let all = name.replacing("-", with: String(byte))
                let found = Self.recognise(all.uppercased())
                #expect(found.field == field && found.isLookAlike, "\(all)")
                var mixed = Array(name)
                if let index = mixed.lastIndex(of: "-") { mixed[index] = byte }
                #expect(Self.recognise(String(mixed)).field == field && Self.recognise(String(mixed)).isLookAlike)
            }
        }
    }

    @Test(
        "spellings of an identity field that a client may try",
        arguments: [
            "x_auth.subject", "X_AUTH_SUBJECT", "x.auth.subject", "X-Auth_Subject", "x-AUTH.scope", "X_Auth_Client_Id",
            "x.auth.session-id", "X-Auth.Token_Id", "x_auth_issuer", "X.Auth.Method",
        ])
    func identityAliases(name: String) throws {
        let view = try #require(RequestOutcome.of("GET / HTTP/1.1\r\nHost: a\r\n\(name): root\r\n\r\n").view)
        #expect(view.fields.last?.traits == [.identity, .lookAlike])
    }

    @Test(
        "a name that only resembles is left alone",
        arguments: [
            "x-auth-subjec", "x-auth-subjects", "xauthsubject", "x-auth0subject", "xx-auth-subject", "hos", "hosts",
            "h-st",
            "content--length", "contentxlength", "x-forwarded", "x-original", "x-forwarde-d-for", "cookies", "x", "",
            "t_e",
        ])
    func others(name: String) {
        #expect(Self.recognise(name).field == .other && !Self.recognise(name).isLookAlike)
    }

    @Test("the character classes are those of the grammar, for every byte")
    func characterClasses() {
        let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let token = letters.union("!#$%&'*+-.^_`|~".utf8)
        let hostName = letters.union("-._~!$&'()*+;=".utf8)
        let target = Set(UInt8(0x21)...UInt8(0x7e)).subtracting("#\\".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(CharacterSet.isToken(byte) == token.contains(byte))
            #expect(CharacterSet.isHostName(byte) == hostName.contains(byte))
            #expect(CharacterSet.isTarget(byte) == target.contains(byte))
            #expect(CharacterSet.isDigit(byte) == Set("0123456789".utf8).contains(byte))
            #expect(byte.isAlphanumericASCII == letters.contains(byte))
            let text = String(UnicodeScalar(byte))
            #expect(CharacterSet.hexadecimalValue(byte) == (byte < 0x80 ? UInt8(text, radix: 16) : nil))
            #expect(byte.lowercasedASCII == (byte < 0x80 ? text.lowercased().utf8.first : byte))
        }
    }

    @Test("a slice of bytes is cut to what is there, whatever is asked for")
    func slices() {
        [UInt8](0..<10).withUnsafeBytes { bytes in
            for offset in [Int.min, -1, 0, 5, 10, 11, .max] {
                for count in [Int.min, -1, 0, 5, 10, 11, .max] {
                    let start = min(max(offset, 0), 10)
                    let expected = (start..<10).prefix(max(count, 0)).map { UInt8($0) }
                    #expect(Array(bytes.slice(offset, count)) == expected)
                }
            }
        }
    }
}
