import Hummingbird
import Proxy

/// Endpoints for what stands in the database of accounts.
protocol CredentialEndpoints: AdminEndpoints {
    /// `nil` where no accounts are kept.
    var credentials: CredentialAdministration? { get }
}

extension CredentialEndpoints {
    /// The accounts.
    ///
    /// - Throws: ``Problem`` where none are kept.
    func required() throws -> CredentialAdministration {
        guard let credentials else { throw Problem.noCredentials }
        return credentials
    }

    /// Which part of a list is asked for.
    ///
    /// - Throws: ``Problem`` for any other parameter, or one that cannot be used.
    func page(_ request: Request) throws -> (limit: Int, after: String?) {
        let query = try RequestParameters(query: request.uri.query)
        try query.refuseOthers(than: ["limit", "after"])
        return (try query.listLimit(), try query.text("after"))
    }

    /// Why something is deleted.
    ///
    /// - Throws: ``Problem`` for any other parameter, or one that cannot be used.
    func deletionReason(_ request: Request) throws -> String {
        let query = try RequestParameters(query: request.uri.query)
        try query.refuseOthers(than: ["reason"])
        return try query.reason()
    }
}
