import HTTP1
package import NIOCore

/// A place in a trace, as `traceparent` names it (W3C Trace Context, level 1): spans that begin there are children of it.
package struct TraceParent: Sendable, Equatable {
    /// The trace.
    package let traceID: TraceID
    /// The span.
    package let spanID: SpanID
    /// Whether whoever named it records the trace.
    package let isSampled: Bool

    private static let byteCount = 55

    /// Names a place.
    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads the value of a `traceparent`.
    ///
    /// Of a higher version only what this one knows is read; nobody can tell what the rest means.
    /// - Returns: `nil` when it does not keep to the format.
    package init?(_ value: UnsafeRawBufferPointer) {
        let dash = UInt8(ascii: "-")
        guard value.count >= Self.byteCount, value[2] == dash, value[35] == dash, value[52] == dash,
            let version = Self.number(value, at: 0, digitCount: 2), version != 0xff,
            let high = Self.number(value, at: 3, digitCount: 16), let low = Self.number(value, at: 19, digitCount: 16),
            let span = Self.number(value, at: 36, digitCount: 16),
            let flags = Self.number(value, at: 53, digitCount: 2),
            let traceID = TraceID(high: high, low: low), let spanID = SpanID(bits: span)
        else { return nil }
        guard value.count == Self.byteCount || version > 0 && value[Self.byteCount] == dash else {
            return nil
        }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// Appends it in the form of version 00.
    package func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("00-")
        traceID.write(to: &buffer)
        buffer.writeStaticString("-")
        spanID.write(to: &buffer)
        buffer.writeStaticString(isSampled ? "-01" : "-00")
    }

    /// The same as text.
    package var text: String {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return String(buffer: buffer)
    }

    /// Only lower-case digits are allowed.
    private static func number(_ value: UnsafeRawBufferPointer, at start: Int, digitCount: Int) -> UInt64? {
        var number: UInt64 = 0
        for byte in value[start..<(start + digitCount)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
