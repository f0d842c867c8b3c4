import Revocation
import Sessions

extension PublicAPI {
    /// The administration of what these endpoints hand out.
    ///
    /// - Parameters:
    ///   - listing: tells which revocations are in force.
    ///   - keyDirectory: where the signing keys are, when that is a directory.
    ///   - credentials: the accounts, where there are any.
    ///   - keyRevocation: tells every node of revoked API keys.
    /// - Returns: the endpoints for the admin listener.
    func administration(
        listing: any RevocationListing, keyDirectory: SigningKeyDirectory?, credentials: OpenCredentials?,
        keyRevocation: APIKeyRevocation
    ) -> [any AdminEndpoints] {
        let credentials = credentials.map {
            CredentialAdministration(
                users: $0.users, store: $0.store, threads: $0.machines, pepper: $0.pepper,
                keyRevocation: keyRevocation, lifetimes: lifetimes, sessions: sessions, clock: clock)
        }
        var endpoints: [any AdminEndpoints] = [
            AdminRevocations(
                sessions: sessions, revocations: revocations, listing: listing, lifetimes: lifetimes, bearer: bearer,
                clock: clock, auditLog: auditLog),
            AdminKeys(directory: keyDirectory, clock: clock, auditLog: auditLog),
            AdminUsers(credentials: credentials, auditLog: auditLog),
            AdminClients(credentials: credentials, auditLog: auditLog),
            AdminAPIKeys(credentials: credentials, auditLog: auditLog),
        ]
        if let sessions { endpoints.append(AdminSessions(sessions: sessions, auditLog: auditLog)) }
        return endpoints
    }
}
