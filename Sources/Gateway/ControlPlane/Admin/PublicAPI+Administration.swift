import Revocation
import Sessions

extension PublicAPI {
    /// The administration of what these endpoints hand out.
    ///
    /// - Parameters:
    ///   - listing: tells which revocations are in force.
    ///   - keyDirectory: where the signing keys are, when that is a directory.
    /// - Returns: the endpoints for the admin listener.
    func administration(
        listing: any RevocationListing, keyDirectory: SigningKeyDirectory?
    ) -> [any AdminEndpoints] {
        var endpoints: [any AdminEndpoints] = [
            AdminRevocations(
                sessions: sessions, revocations: revocations, listing: listing, lifetimes: lifetimes, bearer: bearer,
                clock: clock, auditLog: auditLog),
            AdminKeys(directory: keyDirectory, clock: clock, auditLog: auditLog),
        ]
        if let sessions { endpoints.append(AdminSessions(sessions: sessions, auditLog: auditLog)) }
        return endpoints
    }
}
