import Foundation
import HTTPTypes
import Hummingbird
import Proxy

/// Which client a request says it comes from, and by which secret (RFC 6749 section 2.3.1).
struct PresentedClient: Equatable {
    var id: String
    var secret: String?

    /// Reads it from `Authorization: Basic` or from the body, never from both.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - form: its body.
    /// - Returns: `nil` when the request says nothing.
    /// - Throws: ``Problem``: 400 for two secrets or two names, 401 for a field that is no `Basic`.
    static func read(_ request: Request, _ form: OAuthForm) throws -> PresentedClient? {
        let fields = request.headers[values: .authorization]
        guard fields.count <= 1 else { throw Problem.twoClientAuthentications }
        let id = try form.text("client_id")
        let secret = try form.text("client_secret")
        guard let field = fields.first else {
            guard let id else {
                if secret != nil { throw Problem.invalidRequest("client_id is missing") }
                return nil
            }
            return PresentedClient(id: id, secret: secret)
        }
        guard let basic = PresentedClient(basic: field) else { throw Problem.invalidClient }
        // The name may be said again, as some clients do; another one, or a second secret, may not.
        guard secret == nil, id == nil || id == basic.id else { throw Problem.twoClientAuthentications }
        return basic
    }

    init(id: String, secret: String?) {
        self.id = id
        self.secret = secret
    }

    /// Reads the value of `Authorization`; `nil` for anything but well-formed `Basic` (RFC 7617).
    ///
    /// Name and secret were encoded as in forms before they were put together (RFC 6749 section 2.3.1).
    init?(basic field: String) {
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", field.utf8.count <= 8 << 10,
            let bytes = Data(base64Encoded: String(parts[1].trimmingPrefix(while: { $0 == " " }))),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let id = RequestParameters.decode(Array(bytes[..<colon])[...]),
            let secret = RequestParameters.decode(Array(bytes[(colon + 1)...])[...]), !id.isEmpty
        else { return nil }
        // An empty password is how a public client names itself by Basic.
        self.init(id: id, secret: secret.isEmpty ? nil : secret)
    }
}
