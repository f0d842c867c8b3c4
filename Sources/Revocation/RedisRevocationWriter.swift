import LibCrypto
package import RedisClient

/// Writes revocations to Redis: key and stream entry in one script, so that neither is ever without the other.
package final class RedisRevocationWriter: RevocationWriter {
    private let client: RedisClient
    private let keys: RevocationKeys
    private let lifetimes: RevocationLifetimes

    /// - Parameters:
    ///   - client: the connection to the Redis that holds the deny-list.
    ///   - keys: the names.
    ///   - lifetimes: what the stream must keep.
    package init(client: RedisClient, keys: RevocationKeys, lifetimes: RevocationLifetimes) {
        self.client = client
        self.keys = keys
        self.lifetimes = lifetimes
    }

    /// Writes a batch; see ``RevocationWriter``.
    package func revoke(_ revocations: [Revocation], nowMilliseconds: Int64) async throws(RevocationFailure) {
        let pending = revocations.filter { $0.untilMilliseconds > nowMilliseconds }
        guard !pending.isEmpty else { return }
        var names = [keys.stream, keys.epoch, keys.issued]
        var arguments = [String(nowMilliseconds), String(lifetimes.horizonMilliseconds), try Self.epochSeed()]
        for revocation in pending {
            let key = keys.key(of: revocation.target, origin: revocation.origin)
            let sessions = keys.sessionCutoffKey(of: revocation.target, origin: revocation.origin)
            names += [key, sessions ?? key]
            arguments += [
                revocation.target.kind.rawValue,
                revocation.target.kind == .all
                    ? "" : RevocationKeys.identifier(revocation.target.name, origin: revocation.origin),
                revocation.cutoffMilliseconds.map { String($0) } ?? "",
                String(revocation.untilMilliseconds - nowMilliseconds),
                sessions == nil ? "0" : String(revocation.sessionCutoffLifeMilliseconds),
                revocation.reason,
            ]
        }
        let reply: RedisValue
        do {
            reply = try await client.evaluate(RevocationScripts.write, keys: names, arguments: arguments)
        } catch {
            throw RevocationFailure(error)
        }
        guard reply == .integer(Int64(names.count)) else { throw .unexpectedReply }
    }

    /// A fresh value for `epoch`, used only when there is none: 16 random bytes in hexadecimal.
    package static func epochSeed() throws(RevocationFailure) -> String {
        do {
            return Hexadecimal.encode(try Random.bytes(16))
        } catch {
            throw .unavailable(detail: "no randomness")
        }
    }
}

extension RevocationFailure {
    /// What a failure of Redis means to whoever revokes.
    package init(_ failure: RedisFailure) {
        switch failure {
        case .server(let code): self = .unavailable(detail: code)
        default: self = .unavailable(detail: "no answer")
        }
    }
}
