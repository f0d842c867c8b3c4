import HTTPTypes
import Hummingbird

/// The OAuth endpoints (RFC 6749, 7009, 7662, 8414).
struct OAuthAPI: Sendable {
    let token: TokenEndpoint
    let revocation: RevocationEndpoint
    /// `nil` where there are no clients that could prove who they are.
    let introspection: IntrospectionEndpoint?
    let metadata: ServerMetadata

    /// The endpoints there are, for the route table: paths with their methods.
    var endpoints: [(path: String, method: String)] {
        var endpoints = [(path: "/oauth2/token", method: "POST"), ("/oauth2/revoke", "POST"), (metadata.path, "GET")]
        if introspection != nil { endpoints.append(("/oauth2/introspect", "POST")) }
        return endpoints
    }

    func add(to router: Router<ControlContext>) {
        router.post("/oauth2/token", use: token.respond)
        router.post("/oauth2/revoke", use: revocation.respond)
        if let introspection { router.post("/oauth2/introspect", use: introspection.respond) }
        for method in [HTTPRequest.Method.get, .head] {
            router.on(RouterPath(metadata.path), method: method, use: metadata.respond)
        }
    }
}
