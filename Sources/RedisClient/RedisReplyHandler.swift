public import NIOCore

/// Receives the outcome of one command: exactly one of its methods is called, exactly once.
///
/// Subclass it. A base class, because a closure would cost an allocation for each command of the data path.
/// `open`, and with it what it mentions, because Swift lets no other module subclass a `package` class. It is called on the connection's event loop, possibly before `send`
/// returns, and may itself send commands or stop the connection.
open class RedisReplyHandler {
    /// Makes a handler that ignores its outcome.
    public init() {}

    /// The encoded `MGET` that is waited for, when it may be asked key by key; `nil` for everything else.
    ///
    /// A cluster demands it while the slot of the keys moves to another node.
    open var splittableRead: ByteBuffer? { nil }

    /// Called with a reply of the expected shape, valid only until this method returns.
    open func received(_ reply: RedisReply) {}

    /// Called when there will be no reply.
    open func failed(_ failure: RedisFailure) {}
}
