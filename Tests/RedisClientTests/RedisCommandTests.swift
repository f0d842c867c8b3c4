import NIOCore
import RedisClient
import Testing

@Suite("encoding commands")
struct RedisCommandTests {
    @Test("arguments are prefixed by their lengths, so that no byte of them can begin another command")
    func binaryArguments() {
        let command = RedisCommand.encode([Array("SET".utf8), Array("a\r\nDEL b\r\n".utf8), [0, 255], []])
        let expected = Array("*4\r\n$3\r\nSET\r\n$10\r\na\r\nDEL b\r\n\r\n$2\r\n".utf8) + [0, 255]
        #expect(Array(command.readableBytesView) == expected + Array("\r\n$0\r\n\r\n".utf8))
    }

    @Test("text is encoded as UTF-8")
    func text() {
        #expect(String(buffer: RedisCommand.encode("GET", "é")) == "*2\r\n$3\r\nGET\r\n$2\r\né\r\n")
    }

    @Test("an argument list of empty strings is encoded")
    func emptyStrings() {
        #expect(String(buffer: RedisCommand.encode("", "")) == "*2\r\n$0\r\n\r\n$0\r\n\r\n")
    }

    @Test("no arguments, or more than 8 MiB of them, give an empty command")
    func refused() {
        #expect(RedisCommand.encode([[UInt8]]()).readableBytes == 0)
        #expect(RedisCommand.encode([[UInt8](repeating: 0, count: 8 * 1024 * 1024)]).readableBytes == 0)
    }
}
