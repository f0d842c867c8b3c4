import Revocation

extension PublicAPI {
    /// The administration of what these endpoints hand out.
    ///
    /// - Parameter listing: tells which revocations are in force.
    /// - Returns: the endpoints for the admin listener.
    func administration(listing: any RevocationListing) -> [any AdminEndpoints] {
        var endpoints: [any AdminEndpoints] = [
            AdminRevocations(
                sessions: sessions, revocations: revocations, listing: listing, lifetimes: lifetimes, bearer: bearer,
                clock: clock, auditLog: auditLog)
        ]
        if let sessions { endpoints.append(AdminSessions(sessions: sessions, auditLog: auditLog)) }
        return endpoints
    }
}
