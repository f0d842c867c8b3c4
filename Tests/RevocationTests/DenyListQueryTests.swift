import Testing

@testable import Revocation

@Suite("The question to the deny-list")
struct DenyListQueryTests {
    private static let texts = [
        "j", "exactly-15-chars", "user-0193f3a2-7b1c-7d2e-9f40-000000000001", "a b~", "", "é", "\n", "\u{7F}", "\u{1F}",
        String(repeating: "a", count: 99), String(repeating: "a", count: 100), String(repeating: "a", count: 128),
        String(repeating: "a", count: 129), String(repeating: "é", count: 64),
    ]

    @Test(
        "it is an MGET of the keys' names and of the epoch, and its digests are of the same names",
        arguments: [TokenOrigin.own, .foreign(issuer: "https://idp.example")], ["", "p:", "{portcullis}:"])
    func command(origin: TokenOrigin, prefix: String) {
        let keys = RevocationKeys(prefix: prefix)
        for (index, text) in Self.texts.enumerated() {
            let other = Self.texts[Self.texts.count - 1 - index]
            let targets: [RevocationTarget] = [
                .token(jti: text), .session(other), .subject(text), .client(other), .key(text), .all,
            ]
            let query = DenyListQuery(
                targets: targets, origin: origin, issuedAtMilliseconds: 0, keys: keys, forms: [.command, .digests])
            let names = targets.map { keys.key(of: $0, origin: origin) } + ["\(prefix)epoch"]
            let bulks = (["MGET"] + names).map { "$\($0.utf8.count)\r\n\($0)\r\n" }
            #expect(String(decoding: query.command, as: UTF8.self) == "*\(bulks.count)\r\n" + bulks.joined())
            #expect(query.digests == targets.map { RevocationDigest($0, origin: origin) })
        }
    }
}
