import JOSE
import RedisClient
import Revocation

/// Asks for the control plane whether a token is revoked; the data path has its own way, on each event loop.
struct RevocationStatus: Sendable {
    let settings: AuthenticationSettings
    let redis: RedisClient?
    let inProcess: InProcessDenyList
    /// What is known in memory, what could not be written yet included.
    let mirror: RevocationMirror?

    /// The verdict on a verified token.
    func verdict(on token: VerifiedToken) async -> RevocationVerdict {
        guard settings.asksDenyList else { return .clear }
        let query = KnownToken.denyListQuery(for: token, settings: settings, forms: [.names, .digests])
        if let mirror, case .revoked(let kind) = RevocationIndexReader(mirror.index).verdict(for: query) {
            return .revoked(kind)
        }
        guard let redis else { return inProcess.verdict(for: query) }
        guard case .array(let values)? = try? await redis.execute([Array("MGET".utf8)] + query.names),
            values.count == query.kinds.count
        else { return .unavailable }
        var evaluation = DenyListEvaluation(issuedAtMilliseconds: query.issuedAtMilliseconds)
        for (kind, value) in zip(query.kinds, values) {
            switch value {
            case .null: continue
            case .bulk(let bytes): bytes.withUnsafeBytes { evaluation.add(kind, value: $0) }
            case .integer, .status, .array, .error: evaluation.addUnintelligible()
            }
        }
        return evaluation.verdict
    }
}
