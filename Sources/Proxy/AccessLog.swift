import Foundation
package import HTTP1
import NIOCore

/// One event loop's side of the access log: lines are formatted straight into a buffer, and handed over in batches.
package final class AccessLog {
    /// What one line tells.
    package struct Entry {
        let requestID: RequestID
        let route: String
        let method: HTTPMethod
        let status: Int
        let reason: StaticString
        let durationNanoseconds: Int64
        let upstreamNanoseconds: Int64?
        let subject: String?

        /// Gathers what happened to a request.
        ///
        /// - Parameters:
        ///   - requestID: what it is called.
        ///   - route: the label of its route, or `-`.
        ///   - method: its method.
        ///   - status: the answer's status.
        ///   - reason: why it ended so.
        ///   - durationNanoseconds: the time from its head to the end of its answer.
        ///   - upstreamNanoseconds: the part of it that the upstream took, if it was asked.
        ///   - subject: what the log may show of its subject, if it has one.
        package init(
            requestID: RequestID, route: String, method: HTTPMethod, status: Int, reason: StaticString,
            durationNanoseconds: Int64, upstreamNanoseconds: Int64?, subject: String?
        ) {
            self.requestID = requestID
            self.route = route
            self.method = method
            self.status = status
            self.reason = reason
            self.durationNanoseconds = durationNanoseconds
            self.upstreamNanoseconds = upstreamNanoseconds
            self.subject = subject
        }
    }

    /// What a batch is gathered in: a power of two, for buffers have no other size.
    private static let bufferByteCount = 64 << 10
    /// Beyond this it is handed over; the next line nearly always fits what is left.
    private static let batchByteCount = bufferByteCount - 1024
    /// What the longest line takes besides its route and subject: names, numbers, and a request's identifier of the
    /// client's own (128 bytes).
    private static let fixedByteCount = 512

    private let writer: AccessLogWriter
    /// How many of 2^32 requests get a line; `nil` for all.
    private var threshold: UInt32?
    private var buffer = ByteBuffer()
    private var prefix: [UInt8] = []
    private var prefixSecond: Int64 = .min

    /// Makes the log of one event loop.
    ///
    /// - Parameters:
    ///   - writer: where batches go.
    ///   - fraction: the part of the requests that get a line.
    package init(writer: AccessLogWriter, fraction: Double = 1) {
        self.writer = writer
        buffer.reserveCapacity(Self.bufferByteCount)
        sample(fraction)
    }

    /// Sets the part of the requests that get a line.
    func sample(_ fraction: Double) {
        threshold = fraction < 1 ? UInt32(max(fraction, 0) * Double(UInt32.max)) : nil
    }

    /// Whether a request gets a line.
    ///
    /// - Parameters:
    ///   - status: its answer's status; failures of the service are never left out.
    ///   - chance: a random number, drawn only where some requests get none.
    /// - Returns: whether it is to be written.
    func takes(status: Int, chance: @autoclosure () -> UInt64) -> Bool {
        guard let threshold, status < 500 else { return true }
        return UInt32(truncatingIfNeeded: chance() >> 32) < threshold
    }

    /// Appends a line.
    ///
    /// - Parameters:
    ///   - entry: what happened; its texts are constants, configuration or digests, so nothing needs escaping but the
    ///     route.
    ///   - nowMilliseconds: the time since 1970.
    package func append(_ entry: borrowing Entry, nowMilliseconds: Int64) {
        updatePrefix(second: nowMilliseconds / 1000)
        // An escape doubles a byte of the route's name at most.
        let texts = entry.route.utf8.count * 2 + (entry.subject?.utf8.count ?? 0)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.fixedByteCount + texts) { memory in
            var line = LineWriter(memory)
            prefix.withUnsafeBytes { line.write($0) }
            line.write(thousandths: Int(nowMilliseconds % 1000))
            write(entry, to: &line)
            return line.count
        }
        if buffer.readableBytes >= Self.batchByteCount { flush() }
    }

    @inline(__always)
    private func write(_ entry: borrowing Entry, to line: inout LineWriter) {
        line.write("Z\",\"severity\":\"INFO\",\"message\":\"request\",\"request_id\":\"")
        entry.requestID.write(to: &line)
        line.write("\",\"route\":\"")
        line.write(escaped: entry.route)
        line.write("\",\"method\":\"")
        line.write(entry.method == .other ? "OTHER" : entry.method.name)
        line.write("\",\"status\":")
        line.write(decimal: entry.status)
        line.write(",\"reason\":\"")
        line.write(entry.reason)
        line.write("\",\"duration_ms\":")
        line.write(milliseconds: entry.durationNanoseconds)
        if let upstream = entry.upstreamNanoseconds {
            line.write(",\"upstream_ms\":")
            line.write(milliseconds: upstream)
        }
        if let subject = entry.subject {
            line.write(",\"subject\":\"")
            line.write(subject)
            line.write("\"")
        }
        line.write("}\n")
    }

    /// Hands over what has gathered.
    func flush() {
        guard buffer.readableBytes > 0 else { return }
        guard buffer.readableBytes > Self.bufferByteCount / 2 else {
            // Few lines leave as a copy: behind a slow reader they would hold a whole buffer each time.
            writer.write(ByteBuffer(bytes: buffer.readableBytesView))
            buffer.clear()
            return
        }
        writer.write(buffer)
        buffer = ByteBuffer()
        buffer.reserveCapacity(Self.bufferByteCount)
    }

    private func updatePrefix(second: Int64) {
        guard second != prefixSecond else { return }
        prefixSecond = second
        let days = second.quotient(86_400)
        let date = CivilDate(daysSince1970: days)
        let time = Int(second - days * 86_400)
        let text =
            "{\"timestamp\":\"\(date.year.padded(4))-\(date.month.padded(2))-\(date.day.padded(2))T"
            + "\((time / 3600).padded(2)):\((time / 60 % 60).padded(2)):\((time % 60).padded(2))."
        prefix = Array(text.utf8)
    }
}
