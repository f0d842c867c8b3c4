import NIOCore

@testable import RedisClient

/// What the reader makes of bytes.
enum ReadOutcome: Equatable {
    /// The whole replies among them; none when they are the beginning of one.
    case replies([RedisValue])
    /// They are not acceptable.
    case violation

    /// Feeds bytes in pieces and reads all there is.
    static func of(_ pieces: [[UInt8]]) -> ReadOutcome {
        guard let reader = RedisReplyReader() else { return .violation }
        var replies: [RedisValue] = []
        for piece in pieces {
            guard reader.feed(ByteBuffer(bytes: piece)) else { return .violation }
            reading: while true {
                switch reader.next() {
                case .reply(let reply):
                    replies.append(RedisReply(reply).copy())
                    reader.free(reply)
                case .incomplete: break reading
                case .violation: return .violation
                }
            }
        }
        return .replies(replies)
    }

    static func whole(_ bytes: [UInt8]) -> ReadOutcome { of([bytes]) }

    static func byteByByte(_ bytes: [UInt8]) -> ReadOutcome { of(bytes.map { [$0] }) }

    static func whole(_ text: String) -> ReadOutcome { whole(Array(text.utf8)) }
}
