import HTTPTypes
import Hummingbird
import Proxy
import Sessions

/// The cookie that carries a refresh token to browsers and back (RFC 6265bis): no script can read it, no other origin can
/// set it, and browsers send it with no request that another site has caused.
struct RefreshCookie: Sendable {
    /// `__Host-`: only this host over https can set it, for all its paths.
    static let name = "__Host-portcullis-refresh"
    private static let attributes = "Path=/; Secure; HttpOnly; SameSite=Strict"

    /// The value of `Set-Cookie` that forgets it.
    static let removal = "\(name)=; Max-Age=0; \(attributes)"

    /// The value of `Set-Cookie` for what was issued.
    static func setting(_ tokens: IssuedTokens) -> String {
        "\(name)=\(tokens.refreshToken); Max-Age=\(tokens.refreshExpiresInSeconds); \(attributes)"
    }

    /// The refresh token of a request.
    ///
    /// - Parameter request: the request.
    /// - Returns: the cookie's value; `nil` without one.
    /// - Throws: ``Problem`` when there are two, or one that is no token: somebody else may have set one of them.
    static func value(in request: Request) throws -> String? {
        var found: String?
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";", omittingEmptySubsequences: true) {
                let pair = pair.trimmingPrefix(while: isSpace)
                guard pair.hasPrefix(name) else { continue }
                let rest = pair.dropFirst(name.count)
                guard rest.first == "=" else {
                    guard let next = rest.first, !isSpace(next) else { throw Problem.ambiguousCookie }
                    continue
                }
                guard found == nil else { throw Problem.ambiguousCookie }
                var value = rest.dropFirst()
                while let last = value.last, isSpace(last) { value.removeLast() }
                guard value.utf8.allSatisfy(isTokenByte) else { throw Problem.ambiguousCookie }
                found = String(value)
            }
        }
        return found.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func isSpace(_ character: Character) -> Bool {
        character == " " || character == "\t"
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension Problem {
    /// There are two cookies of the name, or one that cannot be ours.
    static let ambiguousCookie = invalidRequest("exactly one well-formed refresh cookie is needed")
}
