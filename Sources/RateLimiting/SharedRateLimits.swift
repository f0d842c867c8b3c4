package import Logging
package import RedisClient

/// What the shared limits of one event loop have in common: the connection to Redis, the digest of the script, and what
/// was last said about Redis in the log.
package final class SharedRateLimits {
    let connection: RedisConnection
    /// The digest of the script, once Redis has told it.
    private(set) var scriptDigest: String?

    private let logger: Logger
    private var isAskingForDigest = false
    private var notice = OutageNotice()

    /// Joins a connection, which must be that of the event loop this is used on.
    package init(connection: RedisConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    /// Asks Redis for the script's digest, so that this target need not compute one that Redis holds for it anyway.
    func askForDigest() {
        guard !isAskingForDigest else { return }
        isAskingForDigest = true
        let command = RedisCommand.encode("SCRIPT", "LOAD", RateLimitScript.take.source)
        connection.send(command, expecting: .bulkOrNull, to: DigestHandler(owner: self))
    }

    fileprivate func received(digest: String?) {
        isAskingForDigest = false
        scriptDigest = digest ?? scriptDigest
    }

    func succeeded(nowMilliseconds: @autoclosure () -> Int64) {
        guard notice.succeeded(nowMilliseconds: nowMilliseconds()) else { return }
        logger.notice("rate limits are shared again")
    }

    func failed(_ failure: RedisFailure, nowMilliseconds: Int64) {
        guard notice.failed(nowMilliseconds: nowMilliseconds) else { return }
        logger.warning(
            "shared rate limits are counted by this process alone: Redis cannot be asked",
            metadata: ["cause": "\(failure)"])
    }
}

/// Waits for the digest of the script.
private final class DigestHandler: RedisReplyHandler {
    private let owner: SharedRateLimits

    init(owner: SharedRateLimits) {
        self.owner = owner
        super.init()
    }

    override func received(_ reply: RedisReply) {
        owner.received(digest: reply.copy().text)
    }

    override func failed(_ failure: RedisFailure) {
        owner.received(digest: nil)
    }
}
