import NIOCore
import RedisClient
import Revocation

extension Case {
    /// The question whether a token is revoked: made, its answer read, and answered from memory.
    static let denyList: [Case] = [
        Case("deny-list-encode") {
            Case.inTurn((0..<Case.variants).map(Names.init)) { names in
                Case.require(!names.query().command.isEmpty)
            }
        },
        Case("deny-list-decode") {
            guard let probe = RedisReplyProbe() else { fatalError("out of memory") }
            let epoch = "0193f3a27b1c7d2e9f40000000000001"
            let query = Names(0).query()
            let absent = String(repeating: "$-1\r\n", count: query.kinds.count)
            let reply = ByteBuffer(
                string: "*\(query.kinds.count + 1)\r\n\(absent)$\(epoch.utf8.count)\r\n\(epoch)\r\n")
            let (mark, shape) = (EpochMark.of(epoch), ReplyShape.array(count: query.kinds.count + 1))
            let check = RecordingCheck()
            return {
                check.verdict = .unavailable
                Case.require(check.begin(query, trustedMark: mark))
                Case.require(probe.deliver(reply, expecting: shape, to: check))
                Case.require(check.verdict == .clear)
            }
        },
        Case("mirror-miss") { try looking(firstToken: Names.revoked, expecting: .clear) },
        Case("mirror-hit") { try looking(firstToken: 0, expecting: .revoked(.token)) },
    ]

    /// Looks up tokens in a mirror that knows some to be revoked.
    private static func looking(firstToken: Int, expecting verdict: RevocationVerdict) throws -> () -> Void {
        let index = RevocationIndex()
        let entries = (0..<Names.revoked).map { number in
            RevocationEntry(
                Revocation(
                    target: .token(jti: Names(number).tokenID), origin: Names.origin,
                    untilMilliseconds: Names.issuedAtMilliseconds + 86_000_000, reason: ""))
        }
        Case.require(index.insert(entries, nowMilliseconds: Names.issuedAtMilliseconds))
        let reader = RevocationIndexReader(index)
        // As many as it is repeated: the names of each lie elsewhere in the table, under the key of this process.
        let queries = (firstToken..<firstToken + Names.revoked).map { Names($0).query() }
        return Case.inTurn(queries) { query in Case.require(reader.verdict(for: query) == verdict) }
    }

    /// What of a token can be revoked.
    private struct Names {
        static let origin = TokenOrigin.foreign(issuer: "https://issuer.test")
        static let issuedAtMilliseconds: Int64 = 1_800_000_000_000
        /// The tokens below this number are revoked.
        static let revoked = 64
        private static let forms: DenyListQuery.Forms = [.command, .digests]
        private static let keys = RevocationKeys(prefix: "portcullis:")

        let tokenID: String
        private let sessionID: String
        private let subject: String

        init(_ number: Int) {
            tokenID = "0193f3a2-7b1c-7d2e-9f40-\(100_000_000_000 + number)"
            sessionID = "0193f3a2-7b1c-7d2e-9f41-\(100_000_000_000 + number)"
            subject = "user-\(tokenID)"
        }

        func query() -> DenyListQuery {
            DenyListQuery(
                tokenID: tokenID, sessionID: sessionID, subject: subject, clientID: "web-application", keyID: "2026-11",
                origin: Self.origin,
                issuedAtMilliseconds: Self.issuedAtMilliseconds, keys: Self.keys, forms: Self.forms)
        }
    }
}

/// Keeps what it hears.
private final class RecordingCheck: DenyListCheck {
    var verdict = RevocationVerdict.unavailable

    override func decided(_ verdict: RevocationVerdict) {
        self.verdict = verdict
    }
}
