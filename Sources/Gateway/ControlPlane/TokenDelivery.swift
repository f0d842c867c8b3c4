import HTTPTypes
import Hummingbird
import JOSE
import Proxy
import Sessions

/// How tokens reach users and refresh tokens come back: all in bodies, or the refresh token as a cookie alone.
struct TokenDelivery: Sendable {
    /// What a request must show to use the cookie; `nil` where tokens travel in bodies.
    let cookieProof: OriginProof?

    /// The answer to a login or a refresh (RFC 6749 section 5.1).
    func response(_ tokens: IssuedTokens) -> Response {
        var members: [(String, JSONValue)] = [
            ("access_token", .string(tokens.accessToken)), ("token_type", .string("Bearer")),
            ("expires_in", .integer(tokens.expiresInSeconds)),
        ]
        if cookieProof == nil { members.append(("refresh_token", .string(tokens.refreshToken))) }
        members += [
            ("refresh_expires_in", .integer(tokens.refreshExpiresInSeconds)), ("scope", .string(tokens.scope)),
        ]
        var response = JSONResponse.make(.ok, .object(members))
        if cookieProof != nil { response.headers[.setCookie] = RefreshCookie.setting(tokens) }
        return response
    }

    /// The answer to a logout.
    func loggedOut() -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if cookieProof != nil { headers[.setCookie] = RefreshCookie.removal }
        return Response(status: .noContent, headers: headers)
    }

    /// The refresh token of a request, from its body or its cookie.
    ///
    /// - Throws: ``Problem`` for one that came the other way, and for a cookie that another site may have made a browser
    ///   send.
    func refreshToken(of request: Request, _ parameters: RequestParameters) throws -> String? {
        let written = try parameters.text("refresh_token")
        guard let cookieProof else { return written }
        guard written == nil else { throw Problem.invalidRequest("the refresh token travels as a cookie") }
        guard let token = try RefreshCookie.value(in: request) else { return nil }
        try cookieProof.require(request)
        return token
    }

    /// The answer to a refresh without a refresh token.
    var missingRefreshToken: Problem {
        cookieProof == nil
            ? .invalidRequest("refresh_token is missing") : .invalidGrant("there is no refresh cookie")
    }

    /// Refuses a login that another site has made a browser send: it would log the user in as somebody else.
    ///
    /// - Throws: ``Problem``.
    func checkLogin(_ request: Request) throws {
        try cookieProof?.refuseForeign(request)
    }
}
