import CHiredis
import NIOCore

/// Turns received bytes into replies by hiredis' reader, bounded and RESP2 only.
///
/// Owns the C reader. Not Sendable: it belongs to one connection.
final class RedisReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let guarding: UnsafeMutablePointer<portcullis_redis_guard>

    /// Makes a reader; `nil` when out of memory.
    init?() {
        let guarding = UnsafeMutablePointer<portcullis_redis_guard>.allocate(capacity: 1)
        guarding.initialize(to: portcullis_redis_guard())
        guard let reader = portcullis_redis_reader_create(guarding) else {
            guarding.deallocate()
            return nil
        }
        self.reader = reader
        self.guarding = guarding
    }

    deinit {
        redisReaderFree(reader)
        guarding.deallocate()
    }

    /// What `next()` found.
    enum Progress {
        /// One whole reply; `free(_:)` it after use.
        case reply(UnsafeMutablePointer<redisReply>)
        /// More bytes are needed.
        case incomplete
        /// The bytes are not acceptable RESP2; the reader is of no further use.
        case violation
    }

    /// Takes in received bytes.
    /// - Returns: False when out of memory or after a violation.
    func feed(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
            return redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
        }
    }

    /// Reads the next reply among the bytes taken in.
    func next() -> Progress {
        var reply: UnsafeMutablePointer<redisReply>?
        switch portcullis_redis_reader_next(reader, guarding, &reply) {
        case PORTCULLIS_REDIS_INCOMPLETE: return .incomplete
        case PORTCULLIS_REDIS_REPLY:
            guard let reply else { return .violation }
            return .reply(reply)
        default: return .violation
        }
    }

    /// Frees a reply that `next()` returned.
    func free(_ reply: UnsafeMutablePointer<redisReply>) {
        portcullis_redis_free(reply)
    }
}
