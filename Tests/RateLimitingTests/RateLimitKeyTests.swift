import NIOCore
import RedisClient
import Testing

@testable import RateLimiting

@Suite("Keys of clients, and commands with them")
struct RateLimitKeyTests {
    @Test("different texts, and different cuts of one text, are different clients")
    func keys() {
        let keys = [
            RateLimitKey.of(["a", "bc"]), RateLimitKey.of(["ab", "c"]), RateLimitKey.of(["abc"]),
            RateLimitKey.of(["abc", ""]), RateLimitKey.of(["", "abc"]), RateLimitKey.of([]), RateLimitKey.of([""]),
            RateLimitKey.of(0), RateLimitKey.of(1), RateLimitKey.of(1 << 64),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(RateLimitKey.of(["a", "bc"]) == keys[0])
    }

    @Test("a command differs from its template in the digits of the client only")
    func template() throws {
        var template = try #require(CommandTemplate(["EVAL", "return 1", "1"], keyPrefix: "p:", ["7", "8"]))
        for key in [0, 1, UInt128.max, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210, 10 << 124] {
            let digits = String(key, radix: 16)
            let name = "p:" + String(repeating: "0", count: 32 - digits.count) + digits
            let command = template.command(for: key)
            #expect(command == RedisCommand.encode("EVAL", "return 1", "1", name, "7", "8"))
        }
    }

    @Test("a kept command does not change with the next one")
    func keptCommand() throws {
        var template = try #require(CommandTemplate(["EVAL", "return 1", "1"], keyPrefix: "p:", []))
        let first = template.command(for: 1)
        let second = template.command(for: 2)
        let again = template.command(for: 1)
        #expect(first != second && first == again)
    }
}

@Suite("What is said of an outage")
struct OutageNoticeTests {
    @Test("its beginning is news once, its end after a second without failure")
    func changes() {
        var notice = OutageNotice()
        // When, whether Redis answered, and whether that is news. A server at its limit is not news with each answer.
        let events: [(at: Int64, isAnswered: Bool, isNews: Bool)] = [
            (0, true, false), (10, false, true), (20, false, false), (500, true, false), (600, false, false),
            (1599, true, false), (1600, true, true), (1700, true, false), (1800, false, true),
        ]
        for event in events {
            let isNews =
                event.isAnswered
                ? notice.succeeded(nowMilliseconds: event.at) : notice.failed(nowMilliseconds: event.at)
            #expect(isNews == event.isNews, "at \(event.at)")
        }
    }
}
