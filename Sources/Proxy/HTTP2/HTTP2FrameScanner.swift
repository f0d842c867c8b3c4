/// The nine bytes before each frame's payload (RFC 9113 section 4.1).
struct HTTP2FrameHeader: Equatable {
    /// The frame types that the gateway tells apart.
    enum Kind: UInt8 {
        case data = 0
        case headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
        /// Any other; such frames are ignored (RFC 9113 section 5.5), but not for ever.
        case unknown = 0xff
    }

    let kind: Kind
    let flags: UInt8
    let stream: UInt32
    /// How many bytes of payload follow.
    let length: Int

    /// Whether the flag `ACK` of SETTINGS and PING, or `END_STREAM` of DATA and HEADERS, is set: they are one bit.
    var isAcknowledgementOrEnd: Bool { flags & 0x1 != 0 }
    /// Whether a header block ends with this frame (HEADERS, CONTINUATION).
    var endsHeaders: Bool { flags & 0x4 != 0 }
}

/// Finds the frame headers in a stream of bytes, however it is cut into pieces, and keeps none of the rest.
struct HTTP2FrameScanner {
    private static let headerByteCount = 9

    /// How many bytes are left of what comes before the next frame header.
    private var skipping: Int
    /// The bytes of a header that is not complete, the first in the highest place.
    private var partialHigh: UInt64 = 0
    private var partialCount = 0

    /// - Parameter prefaceByteCount: how many bytes come before the first frame.
    init(prefaceByteCount: Int) {
        skipping = prefaceByteCount
    }

    /// Whether the bytes so far end with the end of a frame.
    var isBetweenFrames: Bool { skipping == 0 && partialCount == 0 }
    /// Whether the payload of the header found last is complete.
    var isPayloadComplete: Bool { skipping == 0 }

    /// Finds the next header.
    ///
    /// - Parameters:
    ///   - bytes: a piece of the stream.
    ///   - index: where to go on in it; moved past what was looked at.
    /// - Returns: the header, or `nil` when the piece is at its end.
    mutating func next(_ bytes: UnsafeRawBufferPointer, from index: inout Int) -> HTTP2FrameHeader? {
        while index < bytes.count {
            if skipping > 0 {
                let count = min(skipping, bytes.count &- index)
                skipping &-= count
                index &+= count
                continue
            }
            let byte = bytes[index]
            index &+= 1
            partialCount &+= 1
            guard partialCount == Self.headerByteCount else {
                partialHigh = partialHigh << 8 | UInt64(byte)
                continue
            }
            // Eight bytes are in `partialHigh`: length (3), type (1), flags (1), stream (3 of 4).
            let high = partialHigh
            partialCount = 0
            partialHigh = 0
            skipping = Int(high >> 40)
            return HTTP2FrameHeader(
                kind: HTTP2FrameHeader.Kind(rawValue: UInt8(truncatingIfNeeded: high >> 32)) ?? .unknown,
                flags: UInt8(truncatingIfNeeded: high >> 24),
                stream: (UInt32(truncatingIfNeeded: high & 0xff_ffff) << 8 | UInt32(byte)) & 0x7fff_ffff,
                length: Int(high >> 40))
        }
        return nil
    }
}
