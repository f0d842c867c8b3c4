import Foundation
import HTTP1
import NIOCore

/// One event loop's side of the access log: lines are formatted straight into a buffer, and handed over in batches.
final class AccessLog {
    /// What one line tells.
    struct Entry {
        var requestID: RequestID
        var route: String
        var method: HTTPMethod
        var status: Int
        var reason: StaticString
        var durationNanoseconds: Int64
        var upstreamNanoseconds: Int64?
        var subject: String?
    }

    private static let batchByteCount = 16 << 10

    private let writer: AccessLogWriter
    /// How many of 2^32 requests get a line; `nil` for all.
    private var threshold: UInt32?
    private var buffer = ByteBuffer()
    private var prefix: [UInt8] = []
    private var prefixSecond: Int64 = .min

    /// - Parameters:
    ///   - writer: where batches go.
    ///   - fraction: the part of the requests that get a line.
    init(writer: AccessLogWriter, fraction: Double = 1) {
        self.writer = writer
        buffer.reserveCapacity(Self.batchByteCount + 1024)
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
    ///   - chance: a random number.
    /// - Returns: whether it is to be written.
    func takes(status: Int, chance: UInt64) -> Bool {
        guard let threshold, status < 500 else { return true }
        return UInt32(truncatingIfNeeded: chance >> 32) < threshold
    }

    /// Appends a line.
    ///
    /// - Parameters:
    ///   - entry: what happened; its texts are constants, configuration or digests, so nothing needs escaping but the
    ///     route.
    ///   - nowMilliseconds: the time since 1970.
    func append(_ entry: Entry, nowMilliseconds: Int64) {
        writeTimestamp(nowMilliseconds)
        buffer.writeStaticString("\",\"severity\":\"INFO\",\"message\":\"request\",\"request_id\":\"")
        entry.requestID.write(to: &buffer)
        buffer.writeStaticString("\",\"route\":\"")
        writeEscaped(entry.route)
        buffer.writeStaticString("\",\"method\":\"")
        buffer.writeString(entry.method == .other ? "OTHER" : entry.method.name)
        buffer.writeStaticString("\",\"status\":")
        HeadWriter.writeDecimal(entry.status, to: &buffer)
        buffer.writeStaticString(",\"reason\":\"")
        buffer.writeStaticString(entry.reason)
        buffer.writeStaticString("\",\"duration_ms\":")
        writeMilliseconds(entry.durationNanoseconds)
        if let upstream = entry.upstreamNanoseconds {
            buffer.writeStaticString(",\"upstream_ms\":")
            writeMilliseconds(upstream)
        }
        if let subject = entry.subject {
            buffer.writeStaticString(",\"subject\":\"")
            buffer.writeString(subject)
            buffer.writeStaticString("\"")
        }
        buffer.writeStaticString("}\n")
        if buffer.readableBytes >= Self.batchByteCount { flush() }
    }

    /// Escapes what JSON does not let stand (RFC 8259 section 7).
    private func writeEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): buffer.writeMultipleIntegers(UInt8(ascii: "\\"), byte)
            case 0..<0x20: buffer.writeStaticString("?")
            default: buffer.writeInteger(byte)
            }
        }
    }

    /// Hands over what has gathered.
    func flush() {
        guard buffer.readableBytes > 0 else { return }
        writer.write(buffer)
        buffer = ByteBuffer()
        buffer.reserveCapacity(Self.batchByteCount + 1024)
    }

    private func writeTimestamp(_ milliseconds: Int64) {
        let second = milliseconds / 1000
        if second != prefixSecond {
            prefixSecond = second
            let days = second.quotient(86_400)
            let date = CivilDate(daysSince1970: days)
            let time = Int(second - days * 86_400)
            let text =
                "{\"timestamp\":\"\(date.year.padded(4))-\(date.month.padded(2))-\(date.day.padded(2))T"
                + "\((time / 3600).padded(2)):\((time / 60 % 60).padded(2)):\((time % 60).padded(2))."
            prefix = Array(text.utf8)
        }
        buffer.writeBytes(prefix)
        writeThousandths(Int(milliseconds % 1000))
        buffer.writeStaticString("Z")
    }

    private func writeMilliseconds(_ nanoseconds: Int64) {
        let microseconds = Int(max(nanoseconds, 0) / 1000)
        HeadWriter.writeDecimal(microseconds / 1000, to: &buffer)
        buffer.writeStaticString(".")
        writeThousandths(microseconds % 1000)
    }

    private func writeThousandths(_ value: Int) {
        let zero = UInt8(ascii: "0")
        buffer.writeMultipleIntegers(
            zero &+ UInt8(truncatingIfNeeded: value / 100), zero &+ UInt8(truncatingIfNeeded: value / 10 % 10),
            zero &+ UInt8(truncatingIfNeeded: value % 10))
    }
}
