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
        case .any: return true
        }
    }
}
