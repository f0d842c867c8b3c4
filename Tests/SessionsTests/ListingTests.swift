import Revocation
import Sessions
import StoreTestSupport
import TestSupport
import Testing

@Suite("Listing sessions")
struct ListingTests {
    private typealias Harness = SessionHarness

    @Test(
        "pages hold every session once, those used last first, in the same millisecond too",
        arguments: SessionHarness.Kind.allCases)
    func pages(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            var begun: [String] = []
            for index in 0..<23 {
                if index % 5 == 0 { harness.clock.advance(bySeconds: 1) }
                begun.append(try await harness.begin().sessionID)
            }
            _ = try await harness.begin("bob")
            for limit in [1, 2, 7, 22, 23, 24, 100] {
                var listed: [SessionRecord] = []
                var cursor: SessionCursor?
                repeat {
                    let page = try await harness.service.sessions(of: "alice", after: cursor, limit: limit)
                    #expect(page.sessions.count == limit || page.next == nil)
                    listed += page.sessions
                    cursor = page.next
                } while cursor != nil
                #expect(listed.map(\.id).sorted() == begun.sorted())
                #expect(
                    listed.map(\.expiresMilliseconds) == listed.map(\.expiresMilliseconds).sorted(by: >))
            }
        }
    }

    @Test("a page has at least one session and at most a hundred", arguments: SessionHarness.Kind.allCases)
    func pageBounds(kind: SessionHarness.Kind) async throws {
        try await Harness.with(kind) { harness in
            for _ in 0..<105 { _ = try await harness.begin() }
            for (limit, expected) in [(Int.min, 1), (0, 1), (100, 100), (101, 100), (Int.max, 100)] {
                let page = try await harness.service.sessions(of: "alice", limit: limit)
                #expect(page.sessions.count == expected)
                #expect(page.next != nil)
            }
            #expect(try await harness.service.sessions(of: "alice").sessions.count == SessionLimits.pageSize)
            #expect(try await harness.service.sessions(of: "nobody") == SessionPage(sessions: [], next: nil))
        }
    }

    @Test("a cursor is read as it was written, and anything else is none")
    func cursor() throws {
        let id = "00112233445566778899aabbccddeeff"
        let cursor = try #require(SessionCursor("1700000000500-\(id)"))
        #expect(cursor.expiresMilliseconds == 1_700_000_000_500)
        #expect(cursor.sessionID == id)
        #expect(cursor.text == "1700000000500-\(id)")
        for text in [
            "", "-", "1", id, "1-", "-1-\(id)", "+1-\(id)", "01-\(id)", "1-\(id)-", "1-\(id)0", "1-\(id.dropLast())g",
            "1-\(id.uppercased())", "99999999999999999999-\(id)", "999999999999999-\(id)", "1 -\(id)", "1-\(id)\n",
            String(repeating: "1", count: 10_000),
        ] {
            #expect(SessionCursor(text) == nil, "\(text.prefix(80))")
        }
    }

    @Test("the list of a subject is bounded; a session that fell off it lives on and ends with the rest")
    func boundedIndex() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let first = try await harness.begin()
            harness.clock.advance(bySeconds: 1)
            let old = "0123456789abcdef0123456789abcdef"
            // As many others as the list holds.
            let later = harness.clock.milliseconds + 80_000_000
            try server.command(
                "EVAL",
                "for i = 1, \(SessionLimits.listedSessions) do redis.call('ZADD', KEYS[1], ARGV[1] + i, 'other' .. i) end",
                "1", "p:sessions:alice", "\(later + 10_000_000)")
            let second = try await harness.begin()
            #expect(try server.command("ZCARD", "p:sessions:alice") == "\(SessionLimits.listedSessions)")
            #expect(try server.command("ZSCORE", "p:sessions:alice", first.sessionID) == "")
            let refreshed = try await harness.service.refresh(first.refreshToken)
            try await harness.service.endAll(subject: "alice")
            for tokens in [refreshed, second] {
                #expect(try await harness.verdict(tokens.accessToken) == .revoked(.subject))
                await #expect(throws: SessionError.self) { try await harness.service.refresh(tokens.refreshToken) }
            }
            #expect(try await harness.service.end(sessionID: old, ownedBy: "alice") == false)
        }
    }

    @Test("ids whose session is gone leave the list when it is looked at")
    func lazyCleaning() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let kept = try await harness.begin()
            let gone = try await harness.begin()
            try server.command("DEL", "p:session:\(gone.sessionID)")
            #expect(try await harness.service.sessions(of: "alice").sessions.map(\.id) == [kept.sessionID])
            #expect(try server.command("ZRANGE", "p:sessions:alice", "0", "-1") == kept.sessionID)
        }
    }
}
