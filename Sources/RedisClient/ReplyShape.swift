/// What reply a command must have.
///
/// A reply of any other shape shows that replies and commands have lost step, so it ends the connection; a
/// server's refusal (`-ERR`) fits every shape.
package enum ReplyShape: Sendable, Equatable {
    /// An integer.
    case integer
    /// An integer from 0 to `maximum`, such as the answer of `EXISTS` to that many keys.
    case count(maximum: Int)
    /// The status `OK`.
    case ok
    /// Any status.
    case status
    /// A bulk string, or its absence.
    case bulkOrNull
    /// An array of exactly `count` elements, each a bulk string or its absence, as `MGET` answers.
    case array(count: Int)
    /// The answer to `PING`, also on a connection that has subscribed.
    case pong
    /// The answer of a primary to `ROLE`.
    case primaryRole
    /// The answer to `SUBSCRIBE`.
    case subscribed
    /// Anything a RESP2 server may answer.
    case any

    /// Whether a reply has this shape.
    func fits(_ reply: RedisReply) -> Bool {
        switch self {
        case .integer: return reply.kind == .integer
        case .count(let maximum):
            return reply.kind == .integer && reply.integer >= 0 && reply.integer <= Int64(clamping: maximum)
        case .ok: return reply.kind == .status && reply.withBytes { $0.elementsEqual("OK".utf8) }
        case .status: return reply.kind == .status
        case .bulkOrNull: return reply.isBulkOrNull
        case .array(let count):
            guard reply.kind == .array, reply.count == count else { return false }
            for index in 0..<count where !reply[index].isBulkOrNull { return false }
            return true
        case .pong:
            if reply.kind == .status { return reply.withBytes { $0.elementsEqual("PONG".utf8) } }
            return reply.begins(with: "pong") && reply.count == 2
        case .primaryRole: return reply.begins(with: "master") && reply.count == 3
        case .subscribed: return reply.begins(with: "subscribe") && reply.count == 3
        case .any: return true
        }
    }
}

extension RedisReply {
    /// Whether this is an array whose first element is that bulk string.
    func begins(with word: String) -> Bool {
        guard kind == .array, count > 0, self[0].kind == .bulk else { return false }
        return self[0].withBytes { $0.elementsEqual(word.utf8) }
    }
}
