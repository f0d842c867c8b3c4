package import RedisClient
package import Revocation

/// Keeps sessions in Redis: each operation is one script, so it happens wholly or not at all.
package struct RedisSessionStore: SessionStore {
    private let client: RedisClient
    private let keys: SessionKeys

    /// - Parameters:
    ///   - client: the connection to Redis.
    ///   - keys: the names.
    package init(client: RedisClient, keys: SessionKeys) {
        self.client = client
        self.keys = keys
    }

    package func begin(
        _ session: NewSession, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionGrant {
        let sessionCutoffs = [RevocationTarget.subject(session.subject), .client(session.clientID), .all]
            .compactMap { keys.revocation.sessionCutoffKey(of: $0, origin: .own) }
        let reply = try await evaluate(
            SessionScripts.begin,
            keys: [keys.session(session.id), keys.revocation.issued]
                + tokenCutoffKeys(subject: session.subject, clientID: session.clientID, keyID: session.keyID)
                + sessionCutoffs,
            arguments: common(session.id, policy, nowMilliseconds) + [
                String(policy.refreshLifetimeMilliseconds), String(policy.sessionLifetimeMilliseconds),
                session.subject, RevocationKeys.identifier(session.subject),
                session.clientID, RevocationKeys.identifier(session.clientID),
                session.scope.text, session.details.device, session.details.address, session.details.claims,
            ]
        )
        return try SessionReply(reply).grant()
    }

    package func issueInstant(
        subject: String, clientID: String, keyID: String, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> Int64 {
        let reply = try await evaluate(
            SessionScripts.issueInstant,
            keys: [keys.revocation.issued] + tokenCutoffKeys(subject: subject, clientID: clientID, keyID: keyID),
            arguments: [String(nowMilliseconds), String(policy.revocationLifetimes.horizonMilliseconds)]
        )
        guard let instant = reply.text.flatMap({ Int64($0) }) else { throw .unexpectedReply }
        return instant
    }

    package func rotate(
        _ request: RotationRequest, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RotationOutcome {
        let reply = try await evaluate(
            SessionScripts.rotate,
            keys: [
                keys.session(request.sessionID), keys.revocation.stream, keys.revocation.epoch,
                keys.revocation.issued, keys.revocation.keyKey(kid: request.keyID),
            ],
            arguments: common(request.sessionID, policy, nowMilliseconds) + [
                try RedisRevocationWriter.epochSeed(), String(request.generation),
                String(policy.rotationGraceMilliseconds), String(policy.refreshLifetimeMilliseconds),
                String(policy.sessionMarkLifeMilliseconds), request.clientID ?? "", request.scope?.text ?? "",
                request.address ?? "",
            ]
        )
        return try Self.outcome(SessionReply(reply))
    }

    package func end(
        _ end: SessionEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        let mark = keys.revocation.sessionKey(end.sessionID)
        let reply = try await evaluate(
            SessionScripts.end,
            keys: [
                keys.session(end.sessionID), mark, keys.revocation.stream, keys.revocation.epoch,
                keys.revocation.issued, end.token.map { keys.revocation.tokenKey(jti: $0.tokenID) } ?? mark,
            ],
            arguments: common(end.sessionID, policy, nowMilliseconds) + [
                try RedisRevocationWriter.epochSeed(), end.requiredSubject ?? "",
                String(policy.sessionMarkLifeMilliseconds), end.recordedReason,
            ] + Self.tokenArguments(end.token, policy, nowMilliseconds)
        )
        let answer = try SessionReply(reply)
        return answer.outcome == "absent" ? nil : try answer.session()
    }

    package func endAll(
        _ end: SubjectEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> EndedSubject? {
        let lifetimes = policy.revocationLifetimes
        let named: [String] =
            switch end.subject {
            case .named(let subject): [subject, RevocationKeys.identifier(subject), "", ""]
            case .ofSession(let session, let required): ["", "", session, required ?? ""]
            }
        let reply = try await evaluate(
            SessionScripts.endAll,
            keys: [
                keys.revocation.stream, keys.revocation.epoch, keys.revocation.issued,
                end.token.map { keys.revocation.tokenKey(jti: $0.tokenID) } ?? keys.revocation.stream,
            ],
            arguments: [
                keys.prefix, String(nowMilliseconds), String(lifetimes.horizonMilliseconds),
                try RedisRevocationWriter.epochSeed(),
                String(lifetimes.lifeMilliseconds(of: .subject, origin: .own)),
                String(lifetimes.sessionIdleMilliseconds), end.recordedReason,
            ] + Self.tokenArguments(end.token, policy, nowMilliseconds) + named
        )
        guard case .array(let elements) = reply, let outcome = elements.first?.text else { throw .unexpectedReply }
        if outcome == "absent" { return nil }
        guard outcome == "ended", elements.count == 3, let subject = elements[1].text,
            let count = elements[2].text.flatMap({ Int($0) })
        else { throw .unexpectedReply }
        return EndedSubject(subject: subject, sessionCount: count)
    }

    package func sessions(
        of subject: String, after cursor: SessionCursor?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> [SessionRecord] {
        let reply = try await evaluate(
            SessionScripts.list,
            keys: [keys.sessions(of: subject)],
            arguments: [
                keys.prefix, String(nowMilliseconds), String(limit),
                cursor.map { String($0.expiresMilliseconds) } ?? "", cursor?.sessionID ?? "",
            ]
        )
        guard case .array(let elements) = reply else { throw .unexpectedReply }
        var sessions: [SessionRecord] = []
        for element in elements { sessions.append(try SessionReply(element).session()) }
        return sessions
    }

    package func session(
        _ id: String, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        let reply = try await evaluate(
            SessionScripts.find, keys: [keys.session(id)], arguments: [keys.prefix, String(nowMilliseconds), id])
        let answer = try SessionReply(reply)
        return answer.outcome == "absent" ? nil : try answer.session()
    }

    private func evaluate(
        _ script: RedisScript, keys: [String], arguments: [String]
    ) async throws(RevocationFailure) -> RedisValue {
        do {
            return try await client.evaluate(script, keys: keys, arguments: arguments)
        } catch {
            throw RevocationFailure(error)
        }
    }

    /// The arguments every script of a session begins with.
    private func common(_ identifier: String, _ policy: SessionPolicy, _ nowMilliseconds: Int64) -> [String] {
        let horizon = policy.revocationLifetimes.horizonMilliseconds
        return [keys.prefix, String(nowMilliseconds), identifier, String(horizon)]
    }

    private func tokenCutoffKeys(subject: String, clientID: String, keyID: String) -> [String] {
        [
            keys.revocation.subjectKey(subject), keys.revocation.clientKey(clientID),
            keys.revocation.keyKey(kid: keyID), keys.revocation.allKey,
        ]
    }

    private static func tokenArguments(
        _ token: EndedToken?, _ policy: SessionPolicy, _ nowMilliseconds: Int64
    ) -> [String] {
        guard let token else { return ["", "0"] }
        let life = policy.markLifeMilliseconds(of: token, nowMilliseconds: nowMilliseconds)
        return [RevocationKeys.identifier(token.tokenID), String(life)]
    }

    private static func outcome(_ reply: SessionReply) throws(RevocationFailure) -> RotationOutcome {
        switch reply.outcome {
        case "rotated": .rotated(try reply.grant())
        case "retried": .retried(try reply.grant())
        case "reused": .reused(try reply.session())
        case "ahead": .ahead(try reply.session())
        case "cut off": .cutOff(try reply.session())
        case "absent": .absent
        case "expired": .expired
        case "other client": .otherClient
        case "scope": .scopeExceeded
        default: throw .unexpectedReply
        }
    }
}
