import RedisClient
import Revocation

/// Reads what the session scripts answer; anything else is refused.
struct SessionReply {
    let outcome: String
    private let fields: [String]

    /// - Throws: ``RevocationFailure/unexpectedReply``.
    init(_ value: RedisValue) throws(RevocationFailure) {
        guard case .array(let elements) = value else { throw .unexpectedReply }
        var fields: [String] = []
        for element in elements {
            guard let text = element.text else { throw .unexpectedReply }
            fields.append(text)
        }
        guard let outcome = fields.first, fields.count == 1 || fields.count == 14 else { throw .unexpectedReply }
        self.outcome = outcome
        self.fields = fields
    }

    /// The session in the reply.
    func session() throws(RevocationFailure) -> SessionRecord {
        guard
            fields.count == 14,
            let scope = Scope(fields[4]),
            let generation = UInt32(fields[5]),
            let created = Int64(fields[6]),
            let rotated = Int64(fields[7]),
            let expires = Int64(fields[8]),
            let ends = Int64(fields[9])
        else { throw .unexpectedReply }
        return SessionRecord(
            id: fields[1],
            subject: fields[2],
            clientID: fields[3],
            scope: scope,
            generation: generation,
            createdMilliseconds: created,
            rotatedMilliseconds: rotated,
            expiresMilliseconds: expires,
            endsMilliseconds: ends,
            details: SessionDetails(device: fields[11], address: fields[12], claims: fields[13])
        )
    }

    /// The session in the reply and the issue instant of its next access token.
    func grant() throws(RevocationFailure) -> SessionGrant {
        let session = try session()
        guard let instant = Int64(fields[10]), instant > 0 else { throw .unexpectedReply }
        return SessionGrant(session: session, issuedAtMilliseconds: instant)
    }
}
