import CHiredis

/// A view of one reply, valid only during the callback it is handed to.
///
/// It points into memory that is freed when the callback returns, so take what is needed or `copy()`.
public struct RedisReply {
    /// What a reply is.
    package enum Kind: Sendable, Equatable {
        /// A missing bulk string or a missing array.
        case null
        /// A signed 64-bit number.
        case integer
        /// A byte string.
        case bulk
        /// A short text such as `OK`.
        case status
        /// A list of replies.
        case array
        /// A refusal, `CODE text`.
        case error
    }

    // A raw pointer, so that importers need not see hiredis.
    private let pointer: UnsafeRawPointer

    init(_ reply: UnsafePointer<redisReply>) {
        pointer = UnsafeRawPointer(reply)
    }

    private var object: UnsafePointer<redisReply> {
        pointer.assumingMemoryBound(to: redisReply.self)
    }

    /// What this reply is.
    package var kind: Kind {
        switch object.pointee.type {
        case REDIS_REPLY_NIL: .null
        case REDIS_REPLY_INTEGER: .integer
        case REDIS_REPLY_STRING: .bulk
        case REDIS_REPLY_STATUS: .status
        case REDIS_REPLY_ARRAY: .array
        default: .error
        }
    }

    /// The number of an integer reply; 0 for every other kind.
    package var integer: Int64 { kind == .integer ? object.pointee.integer : 0 }

    /// How many elements an array has; 0 for every other kind.
    package var count: Int { kind == .array ? Int(object.pointee.elements) : 0 }

    /// Whether this is a bulk string or its absence; a missing array is neither.
    package var isBulkOrNull: Bool {
        object.pointee.type == REDIS_REPLY_STRING
            || (object.pointee.type == REDIS_REPLY_NIL && object.pointee.integer == Int64(REDIS_REPLY_STRING))
    }

    /// An element of an array.
    ///
    /// The index must be below `count`.
    package subscript(index: Int) -> RedisReply {
        // No reply can get here with another index: callers count up to `count`, which is what hiredis has parsed, and
        // an array is handed out only once all of its elements are there.
        precondition(index >= 0 && index < count, "reply index out of range")
        guard let element = object.pointee.element?[index] else {
            preconditionFailure("a whole array has all of its elements")
        }
        return RedisReply(element)
    }

    /// Calls `body` with the bytes of a bulk string, status or error; with none for other kinds.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch kind {
        case .bulk, .status, .error:
            guard let start = object.pointee.str else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
            return try body(UnsafeRawBufferPointer(start: start, count: Int(object.pointee.len)))
        case .null, .integer, .array: return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// A copy that outlives the callback.
    package func copy() -> RedisValue {
        switch kind {
        case .null: .null
        case .integer: .integer(integer)
        case .bulk: .bulk(withBytes { Array($0) })
        case .status: .status(withBytes { String(decoding: $0, as: UTF8.self) })
        case .error: .error(errorCode)
        case .array: .array((0..<count).map { self[$0].copy() })
        }
    }

    /// The first word of an error: at most 32 letters, digits and underscores, else `UNKNOWN`.
    ///
    /// The rest of the text may quote a command's arguments, so it is never kept.
    var errorCode: String {
        withBytes { bytes in
            let word = bytes.prefix { $0 != UInt8(ascii: " ") }
            let isCode = word.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            guard isCode, !word.isEmpty, word.count <= 32 else { return "UNKNOWN" }
            return String(decoding: word, as: UTF8.self)
        }
    }
}
