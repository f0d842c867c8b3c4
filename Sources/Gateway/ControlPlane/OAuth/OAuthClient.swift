import Credentials
import Sessions

/// A client that a request has been found to come from.
enum OAuthClient: Sendable {
    /// This gateway's own login: a public client that need not be registered.
    case firstParty
    /// A registered one.
    case registered(Client)

    var id: String {
        switch self {
        case .firstParty: PublicAPI.firstPartyClientID
        case .registered(let client): client.id.text
        }
    }

    /// Whether it has proved to be who it says.
    var isAuthenticated: Bool {
        switch self {
        case .firstParty: false
        case .registered(let client): !client.isPublic
        }
    }

    func mayUse(_ grant: ClientGrants) -> Bool {
        switch self {
        case .firstParty: grant == .password
        case .registered(let client): client.grants.contains(grant)
        }
    }

    /// The scopes it may get at most; `nil` for whatever its users have.
    var scope: Scope? {
        switch self {
        case .firstParty: nil
        case .registered(let client): Scope(client.scope.text) ?? Scope.none
        }
    }
}
