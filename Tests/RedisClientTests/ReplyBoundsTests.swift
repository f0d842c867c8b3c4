import RedisClient
import Testing

@Suite("bounds of one reply")
struct ReplyBoundsTests {
    @Test("a bulk string of 1 MiB is read, a longer one is refused by its announced length alone")
    func bulkLength() {
        let limit = 1024 * 1024
        let longest = Array("$\(limit)\r\n".utf8) + [UInt8](repeating: 120, count: limit) + Array("\r\n".utf8)
        #expect(ReadOutcome.whole(longest) == .replies([.bulk([UInt8](repeating: 120, count: limit))]))
        #expect(ReadOutcome.whole("$\(limit)\r\n") == .replies([]))
        #expect(ReadOutcome.whole("$\(limit + 1)\r\n") == .violation)
        #expect(ReadOutcome.whole("*2\r\n$\(limit + 1)\r\n") == .violation)
    }

    @Test("a bulk string longer than the limit is refused also when it comes whole")
    func wholeLongBulk() {
        let count = 1024 * 1024 + 1
        let bytes = Array("$\(count)\r\n".utf8) + [UInt8](repeating: 120, count: count) + Array("\r\n".utf8)
        #expect(ReadOutcome.whole(bytes) == .violation)
    }

    @Test("an array that claims more than 1Mi elements is refused before memory is taken for it")
    func elementCount() {
        #expect(ReadOutcome.whole("*1048576\r\n") == .replies([]))
        #expect(ReadOutcome.whole("*1048577\r\n") == .violation)
        #expect(ReadOutcome.whole("*2147483647\r\n") == .violation)
    }

    @Test("nested arrays share one budget of elements")
    func sharedElementBudget() {
        #expect(ReadOutcome.whole("*2\r\n*1048574\r\n") == .replies([]))
        #expect(ReadOutcome.whole("*2\r\n*1048575\r\n") == .violation)
    }

    @Test("the budget is whole again for the next reply")
    func budgetIsReset() {
        let array = "*700000\r\n" + String(repeating: ":1\r\n", count: 700_000)
        let one = RedisValue.array([RedisValue](repeating: .integer(1), count: 700_000))
        #expect(ReadOutcome.whole(array + array) == .replies([one, one]))
    }

    @Test("the bulk strings of one reply may have 16 MiB in all")
    func totalBytes() {
        let bulk = "$1048576\r\n" + String(repeating: "x", count: 1024 * 1024) + "\r\n"
        guard case .replies(let replies) = ReadOutcome.whole("*16\r\n" + String(repeating: bulk, count: 16)) else {
            Issue.record("16 MiB were refused")
            return
        }
        #expect(replies.count == 1)
        #expect(ReadOutcome.whole("*17\r\n" + String(repeating: bulk, count: 16) + "$1\r\nx\r\n") == .violation)
    }

    @Test("arrays nest eight deep and no deeper")
    func depth() {
        #expect(ReadOutcome.whole(String(repeating: "*1\r\n", count: 8) + ":1\r\n") != .violation)
        #expect(ReadOutcome.whole(String(repeating: "*1\r\n", count: 9) + ":1\r\n") == .violation)
    }

    @Test("what is missing in lists is read, waited for and given back like everything else")
    func missingElements() {
        let list = "*4\r\n$-1\r\n*2\r\n*-1\r\n$-1\r\n$1\r\nx\r\n*-1\r\n"
        let value = RedisValue.array([.null, .array([.null, .null]), .bulk([120]), .null])
        #expect(ReadOutcome.whole(list + list) == .replies([value, value]))
        #expect(ReadOutcome.byteByByte(Array((list + list).utf8)) == .replies([value, value]))
        // The reader frees what it has of these itself.
        for end in 1..<list.utf8.count {
            #expect(ReadOutcome.byteByByte(Array(list.utf8.prefix(end))) == .replies([]))
        }
        #expect(ReadOutcome.whole("*3\r\n$-1\r\n*2\r\n*-1\r\n@") == .violation)
    }

    @Test("a line without an end is refused once it is too long")
    func endlessLine() {
        #expect(ReadOutcome.whole("+" + String(repeating: "a", count: 65536)) == .replies([]))
        #expect(ReadOutcome.whole("+" + String(repeating: "a", count: 65537)) == .violation)
        #expect(ReadOutcome.whole("-" + String(repeating: "a", count: 65537) + "\r\n") == .violation)
    }

    @Test("a violation after whole replies is found", arguments: ["@", "$3\r\nabcde", "+a\nb\r\n", ":\r\n", "*-2\r\n"])
    func violationAfterReplies(_ bytes: String) {
        #expect(ReadOutcome.whole("+OK\r\n:1\r\n" + bytes) == .violation)
    }

    @Test("the code of an error is its first word, and never arbitrary text")
    func errorCodes() {
        #expect(ReadOutcome.whole("-LOADING text\r\n") == .replies([.error("LOADING")]))
        #expect(ReadOutcome.whole("-max number of clients\r\n") == .replies([.error("max")]))
        #expect(ReadOutcome.whole("-a\"b\r\n") == .replies([.error("UNKNOWN")]))
        let long = String(repeating: "A", count: 33)
        #expect(ReadOutcome.whole("-\(long)\r\n") == .replies([.error("UNKNOWN")]))
    }
}
