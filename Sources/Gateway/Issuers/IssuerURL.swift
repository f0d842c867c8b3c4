import Foundation

/// An address that an issuer's keys or metadata may be fetched from: `https`, or `http` on this machine.
struct IssuerURL: Sendable, Equatable {
    /// The whole address.
    let text: String

    /// Takes an address without user, password and fragment.
    init?(_ text: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLComponents(string: text), parts.user == nil, parts.password == nil, parts.fragment == nil,
            let host = parts.host, !host.isEmpty
        else { return nil }
        switch parts.scheme {
        case "https": break
        case "http" where ["localhost", "127.0.0.1", "[::1]", "::1"].contains(host): break
        default: return nil
        }
        self.text = text
    }

    /// Where an issuer's metadata may be, the usual place first (OpenID Connect Discovery 1.0 section 4, RFC 8414
    /// section 3.1); none when the issuer's name is no address.
    static func metadata(ofIssuer issuer: String) -> [IssuerURL] {
        guard let url = IssuerURL(issuer), !issuer.contains("?"), var parts = URLComponents(string: url.text) else {
            return []
        }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        parts.percentEncodedPath = path + "/.well-known/openid-configuration"
        let openID = parts.string
        parts.percentEncodedPath = "/.well-known/oauth-authorization-server" + path
        return [openID, parts.string].compactMap { $0 }.compactMap(IssuerURL.init)
    }
}
