import Foundation
import HTTPTypes
import Hummingbird
import JOSE
import NIOCore

/// `/.well-known/oauth-authorization-server` (RFC 8414).
struct ServerMetadata: Sendable {
    /// Where the document is: between the issuer's host and its path (RFC 8414 section 3).
    let path: String
    private let document: ByteBuffer

    /// - Parameters:
    ///   - issuer: the `iss` of tokens, an `http` or `https` URL without query and fragment.
    ///   - hasPasswordGrant: whether the grant `password` is offered.
    ///   - hasRegisteredClients: whether there are clients with secrets.
    init(issuer: String, hasPasswordGrant: Bool, hasRegisteredClients: Bool) {
        let schemeEnd = issuer.range(of: "://")?.upperBound ?? issuer.startIndex
        let hostEnd = issuer[schemeEnd...].firstIndex(of: "/") ?? issuer.endIndex
        let origin = issuer[..<hostEnd]
        var issuerPath = String(issuer[hostEnd...])
        while issuerPath.hasSuffix("/") { issuerPath.removeLast() }
        path = "/.well-known/oauth-authorization-server\(issuerPath)"
        var grants = ["refresh_token"]
        if hasRegisteredClients { grants.append("client_credentials") }
        if hasPasswordGrant { grants.append("password") }
        let secrets = hasRegisteredClients ? ["client_secret_basic", "client_secret_post"] : []
        func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        var members: [(String, JSONValue)] = [
            ("issuer", .string(issuer)), ("token_endpoint", .string("\(origin)/oauth2/token")),
            ("token_endpoint_auth_methods_supported", strings(secrets + ["none"])),
            ("jwks_uri", .string("\(origin)/.well-known/jwks.json")),
            // There is no authorization endpoint; the list is required, and must not be empty.
            ("response_types_supported", strings(["none"])), ("grant_types_supported", strings(grants)),
            ("revocation_endpoint", .string("\(origin)/oauth2/revoke")),
            ("revocation_endpoint_auth_methods_supported", strings(secrets + ["none"])),
        ]
        if hasRegisteredClients {
            members += [
                ("introspection_endpoint", .string("\(origin)/oauth2/introspect")),
                ("introspection_endpoint_auth_methods_supported", strings(secrets)),
            ]
        }
        document = ByteBuffer(bytes: JSONWriter.bytes(of: .object(members)))
    }

    @Sendable
    func respond(_ request: Request, _ context: ControlContext) async throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "public, max-age=300"],
            body: ResponseBody(byteBuffer: document))
    }
}
