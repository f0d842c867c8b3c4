import JOSE
import RedisClient
import Revocation

/// Asks for the control plane whether a token is revoked; the data path has its own way, on each event loop.
struct RevocationStatus: Sendable {
    let settings: AuthenticationSettings
    let redis: RedisClient?
    let inProcess: InProcessDenyList
    let keys: RevocationKeys
    /// What is known in memory, what could not be written yet included.
    let mirror: RevocationMirror?

    /// The verdict on a verified token.
    func verdict(on token: VerifiedToken) async -> RevocationVerdict {
        guard settings.asksDenyList else { return .clear }
        let query = KnownToken.denyListQuery(for: token, settings: settings, forms: [.names, .digests])
        if let mirror, case .revoked(let kind) = RevocationIndexReader(mirror.index).verdict(for: query) {
            return .revoked(kind)
        }
        guard let redis, let mirror else { return inProcess.verdict(for: query) }
        let trustedMark = mirror.trustedMark
        let command = [Array("MGET".utf8)] + query.names + [Array(keys.epoch.utf8)]
        guard case .array(let values)? = try? await redis.execute(command), values.count == query.kinds.count + 1
        else { return .unavailable }
        var evaluation = DenyListEvaluation(issuedAtMilliseconds: query.issuedAtMilliseconds)
        for (kind, value) in zip(query.kinds, values) {
            switch value {
            case .null: continue
            case .bulk(let bytes): bytes.withUnsafeBytes { evaluation.add(kind, value: $0) }
            case .integer, .status, .array, .error: evaluation.addUnintelligible()
            }
        }
        guard evaluation.verdict == .clear else { return evaluation.verdict }
        guard case .bulk(let epoch)? = values.last, trustedMark != EpochMark.none,
            epoch.withUnsafeBytes({ EpochMark.of($0) }) == trustedMark
        else { return .unavailable }
        return .clear
    }
}
