import NIOCore
import Testing

@testable import RedisClient

@Suite("the shape of a reply")
struct ReplyShapeTests {
    private static let replies = [
        ":0", ":2", ":3", ":-1", "+OK", "+QUEUED", "$1\r\nx", "$-1", "*-1", "*0", "*2\r\n$-1\r\n$1\r\nx",
        "*1\r\n$-1", "*3\r\n$-1\r\n$-1\r\n$-1", "*2\r\n$-1\r\n:0", "*2\r\n$-1\r\n*-1", "*2\r\n$-1\r\n-ERR x",
    ]

    @Test(
        "fits exactly the replies it names",
        arguments: [
            (ReplyShape.integer, [":0", ":2", ":3", ":-1"]),
            (.count(maximum: 2), [":0", ":2"]),
            (.ok, ["+OK"]),
            (.status, ["+OK", "+QUEUED"]),
            (.bulkOrNull, ["$1\r\nx", "$-1"]),
            (.array(count: 2), ["*2\r\n$-1\r\n$1\r\nx"]),
            (.array(count: 0), ["*0"]),
            (.any, replies),
        ]
    )
    func shapes(shape: ReplyShape, fitting: [String]) throws {
        for text in Self.replies {
            let reader = try #require(RedisReplyReader())
            #expect(reader.feed(ByteBuffer(string: text + "\r\n")))
            guard case .reply(let reply) = reader.next() else {
                Issue.record("\(text) is no reply")
                continue
            }
            defer { reader.free(reply) }
            #expect(shape.fits(RedisReply(reply)) == fitting.contains(text), "\(text)")
        }
    }
}
