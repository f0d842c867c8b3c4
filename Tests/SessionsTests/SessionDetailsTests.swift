import Sessions
import StoreTestSupport
import Testing

@Suite("What is kept with a session")
struct SessionDetailsTests {
    private typealias Harness = SessionHarness

    @Test(
        "a label is one clean line",
        arguments: [
            ("Firefox on Linux", "Firefox on Linux"),
            ("  a\t\r\n b  ", "a b"),
            ("\u{0}a\u{7F}b\u{1B}[31m", "a b [31m"),
            // What would reverse, hide or join what stands beside it.
            ("a\u{202E}b\u{200B}c\u{FEFF}d\u{2066}", "abcd"),
            ("a\u{2028}b\u{2029}c", "a b c"),
            ("\u{E000}\u{10FFFF}", ""),
            ("", ""),
            ("Tür 🚪", "Tür 🚪"),
        ])
    func label(text: String, expected: String) {
        #expect(SessionDetails.label(text) == expected)
        #expect(SessionDetails(device: text).device == expected)
    }

    @Test("a label is bounded in bytes and never cut within a character", arguments: ["x", "ü", "🚪", "a b "])
    func labelBound(piece: String) {
        let label = SessionDetails.label(String(repeating: piece, count: 10_000))
        #expect((124...128).contains(label.utf8.count))
        #expect(String(repeating: piece, count: 200).hasPrefix(label))
        #expect(SessionDetails.label(String(repeating: "\u{200B}", count: 100_000) + "x").isEmpty)
    }

    @Test(
        "device and claims last as long as the session, the address is that of the last use",
        arguments: SessionHarness.Kind.allCases)
    func survivesRefresh(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            let claims = #"{"auth_time":1700000000,"amr":["pwd"],"text":"ü \" \\ x"}"#
            let details = SessionDetails(device: "Laptop", address: "192.0.2.1", claims: claims)
            var tokens = try await harness.service.begin(
                subject: "alice", clientID: "web", scope: .none, details: details)
            func kept() async throws -> SessionDetails? {
                try await harness.service.sessions(of: "alice").sessions.first?.details
            }
            #expect(try await kept() == details)
            harness.clock.advance(bySeconds: 60)
            let first = tokens
            tokens = try await harness.service.refresh(tokens.refreshToken, address: "2001:db8::2")
            let moved = SessionDetails(device: "Laptop", address: "2001:db8::2", claims: claims)
            #expect(try await kept() == moved)
            // A retry changes nothing, and who does not know the address leaves it.
            _ = try await harness.service.refresh(first.refreshToken, address: "198.51.100.9")
            tokens = try await harness.service.refresh(tokens.refreshToken)
            #expect(try await kept() == moved)
        }
    }

    @Test("claims over their bound begin no session", arguments: SessionHarness.Kind.allCases)
    func claimsBound(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            func begin(_ byteCount: Int) async throws {
                let claims = "{\"x\":\"" + String(repeating: "x", count: byteCount - 8) + "\"}"
                _ = try await harness.service.begin(
                    subject: "alice", clientID: "web", scope: .none, details: SessionDetails(claims: claims))
            }
            try await begin(SessionDetails.maximumClaimsBytes)
            await #expect(throws: SessionError.signingFailed) { try await begin(SessionDetails.maximumClaimsBytes + 1) }
            #expect(try await harness.service.sessions(of: "alice").sessions.count == 1)
        }
    }
}
