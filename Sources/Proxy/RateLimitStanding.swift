import HTTP1
import NIOCore

/// How a client stands with the limit of a route, as the `RateLimit-*` fields of an answer tell it.
///
/// The three fields of draft-ietf-httpapi-ratelimit-headers up to version 06, which clients know. Later versions fold
/// them into one field of another syntax, and change it from version to version.
package struct RateLimitStanding: Sendable, Equatable {
    /// How many requests may come at once after a pause.
    package let limit: Int
    /// How many more may come right now.
    package let remaining: Int
    /// In how many seconds all of ``limit`` may come again.
    package let resetSeconds: Int

    /// Makes a standing; no number may be negative.
    package init(limit: Int, remaining: Int, resetSeconds: Int) {
        self.limit = limit
        self.remaining = remaining
        self.resetSeconds = resetSeconds
    }

    /// Writes the field lines.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("RateLimit-Limit: ")
        HeadWriter.writeDecimal(limit, to: &buffer)
        buffer.writeStaticString("\r\nRateLimit-Remaining: ")
        HeadWriter.writeDecimal(remaining, to: &buffer)
        buffer.writeStaticString("\r\nRateLimit-Reset: ")
        HeadWriter.writeDecimal(resetSeconds, to: &buffer)
        buffer.writeStaticString("\r\n")
    }

    /// The fields of an upstream's head with its own `RateLimit` and `RateLimit-*` marked as not for the client.
    ///
    /// Nothing is copied when there are none.
    static func withoutOthers(_ fields: [HeaderField], of bytes: UnsafeRawBufferPointer) -> [HeaderField] {
        var fields = fields
        for index in fields.indices where fields[index].name == .other {
            let name = fields[index].name(in: bytes)
            guard name.slice(0, 9).equalsIgnoringCase("ratelimit"),
                name.count == 9 || name[9] == UInt8(ascii: "-")
            else { continue }
            fields[index].traits.insert(.hopByHop)
        }
        return fields
    }
}
