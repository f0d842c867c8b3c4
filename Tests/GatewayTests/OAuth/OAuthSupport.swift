import Foundation
import TestSupport
import Testing

/// The OAuth endpoints as a client calls them.
extension GatewayFixture {
    static let oauthSettings: GatewaySettings = {
        var settings = GatewaySettings.accounts
        settings.sections = ["login: {password_grant: true}"]
        settings.tokens = "rotation_grace: 0s"
        return settings
    }()

    /// One POST of a form; `basic` is a client's name and secret.
    func oauth(
        _ endpoint: String, _ form: String, basic: (id: String, secret: String)? = nil, token: String? = nil
    ) async throws -> HTTPAnswer {
        var fields = [("Content-Type", "application/x-www-form-urlencoded")]
        if let basic { fields.append(("Authorization", Self.basic(basic.id, basic.secret))) }
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        return try await call("POST", "/oauth2/\(endpoint)", fields, body: form)
    }

    static func basic(_ id: String, _ secret: String) -> String {
        "Basic \(Data("\(id):\(secret)".utf8).base64EncodedString())"
    }

    /// The password grant of alice for a client.
    func grant(_ client: (id: String, secret: String), scope: String? = nil) async throws -> Grant {
        let password = try #require(Accounts.passwords["alice"]).replacing(" ", with: "+")
        let wanted = scope.map { "&scope=\($0.replacing(" ", with: "+"))" } ?? ""
        return try Grant(
            try await oauth("token", "grant_type=password&username=alice&password=\(password)\(wanted)", basic: client))
    }

    func refresh(_ token: String, _ client: (id: String, secret: String), _ more: String = "") async throws
        -> HTTPAnswer
    {
        try await oauth("token", "grant_type=refresh_token&refresh_token=\(token)\(more)", basic: client)
    }

    /// What the gateway says of a token to a client.
    func introspect(_ token: String, _ client: (id: String, secret: String)) async throws -> HTTPAnswer {
        try await oauth("introspect", "token=\(token)", basic: client)
    }

    /// A client with every grant.
    func client(_ id: String = "app", scope: String = "orders:read orders:write") throws -> (id: String, secret: String)
    {
        (id, try makeClient(id, grants: "client_credentials password", scope: scope))
    }
}

/// An answer of the OAuth endpoints is not to be stored.
func expectNotStored(_ answer: HTTPAnswer, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(answer.field("Cache-Control") == "no-store", sourceLocation: sourceLocation)
    #expect(answer.field("Pragma") == "no-cache", sourceLocation: sourceLocation)
}

let inactive = #"{"active":false}"#
let basicChallenge = "Basic realm=\"portcullis\""
