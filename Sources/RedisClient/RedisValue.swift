/// A reply that owns its content, for callers off the data path.
package enum RedisValue: Sendable, Equatable {
    /// A missing bulk string or a missing array.
    case null
    /// A signed 64-bit number.
    case integer(Int64)
    /// A byte string.
    case bulk([UInt8])
    /// A short text such as `OK`.
    case status(String)
    /// A list of replies.
    case array([RedisValue])
    /// A refusal inside an array, by its code. A refusal of the whole command is a `RedisFailure.server`.
    case error(String)

    /// The bytes of a bulk string as text; `nil` for every other kind and for invalid UTF-8.
    package var text: String? {
        guard case .bulk(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
