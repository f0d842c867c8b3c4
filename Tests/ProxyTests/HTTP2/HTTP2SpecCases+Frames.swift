@testable import Proxy

extension HTTP2SpecCases {
    // MARK: - Frames and connections

    static let frames: [String: Check] = [
        cases(
            "http2/3_5_http2_connection_preface.go",
            [
                (
                    "Sends client connection preface",
                    { client in
                        try client.send(W.preface, W.settings())
                        guard let first = try client.next(), first.is(.settings), first.flags == 0 else {
                            throw HTTP2Client.Failure.unexpected("another frame before SETTINGS")
                        }
                    }
                ),
                (
                    "Sends invalid connection preface",
                    {
                        try $0.send(Array("PRI * HTTP/2.0\r\n\r\nSM INVALID\r\n\r\n".utf8))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/4_1_frame_format.go",
            [
                ("Sends a frame with unknown type", { try ignored($0, W.frame(.unknown, [0, 0, 0, 0])) }),
                (
                    "Sends a frame with undefined flag",
                    {
                        try $0.send(W.frame(.ping, flags: 0x16, [1, 2, 3, 4, 5, 6, 7, 8]))
                        _ = try $0.wait(for: .ping, acknowledges: true)
                    }
                ),
                (
                    "Sends a frame with reserved field bit",
                    {
                        try $0.send(W.frame(.ping, stream: 0x8000_0000, [1, 2, 3, 4, 5, 6, 7, 8]))
                        _ = try $0.wait(for: .ping, acknowledges: true)
                    }
                ),
            ]),
        cases(
            "http2/4_2_frame_size.go",
            [
                (
                    "Sends a DATA frame with 2^14 octets in length",
                    { try answers($0, post(), W.data(1, Array(repeating: 65, count: 1 << 14), ends: true)) }
                ),
                (
                    "Sends a large size DATA frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
                    {
                        try $0.send(open)
                        $0.sendAnyway(W.data(1, Array(repeating: 65, count: 1 << 14 + 1), ends: true))
                        try $0.endsStream(C.frameSize)
                    }
                ),
                (
                    "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
                    {
                        let fields = (0..<5).map { ("x-\($0)", String(repeating: "a", count: 4_000)) }
                        $0.sendAnyway(W.headers(1, W.request() + fields))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
            ]),
        cases(
            "http2/4_3_header_compression_and_decompression.go",
            [
                (
                    "Sends invalid header block fragment",
                    {
                        // A literal with a new name whose length says more than there is.
                        try $0.send(W.headers(1, block: [0x40, 0xff, 0xff, 0xff, 0xff, 0x07]))
                        try $0.endsConnection(C.compression)
                    }
                ),
                (
                    "Sends a PRIORITY frame while sending the header blocks",
                    {
                        try $0.send(begun(1), W.frame(.priority, stream: 1, [0, 0, 0, 0, 255]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a HEADERS frame to another stream while sending the header blocks",
                    {
                        try $0.send(begun(1), W.headers(3))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/5_4_1_connection_error_handling.go",
            [
                (
                    "Sends an invalid PING frame for connection close",
                    {
                        try $0.send(W.frame(.ping, stream: 3, [0, 0, 0, 0, 0, 0, 0, 0]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends an invalid PING frame to receive GOAWAY frame",
                    {
                        try $0.send(W.frame(.ping, stream: 3, [0, 0, 0, 0, 0, 0, 0, 0]))
                        guard try $0.endsConnection(C.protocolError) != nil else {
                            throw HTTP2Client.Failure.unexpected("no GOAWAY")
                        }
                    }
                ),
            ]),
        cases(
            "http2/5_5_extending_http2.go",
            [
                ("Sends an unknown extension frame", { try ignored($0, W.frame(.unknown, [0, 0, 0, 0, 0, 0, 0, 0])) }),
                (
                    "Sends an unknown extension frame in the middle of a header block",
                    {
                        try $0.send(begun(1), W.frame(.unknown, stream: 1, [0, 0, 0, 0]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/6_10_continuation.go",
            [
                (
                    "Sends multiple CONTINUATION frames preceded by a HEADERS frame",
                    { try answers($0, split(W.block(W.request()), into: 4)) }
                ),
                (
                    "Sends a CONTINUATION frame followed by any frame other than CONTINUATION",
                    {
                        try $0.send(begun(1), W.frame(.continuation, stream: 1, W.block([("x-test", "a")])), W.ping())
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a CONTINUATION frame with 0x0 stream identifier",
                    {
                        try $0.send(begun(1), W.frame(.continuation, flags: 4, W.block([("x-test", "a")])))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a CONTINUATION frame preceded by a HEADERS frame with END_HEADERS flag",
                    {
                        try $0.send(hold, W.frame(.continuation, flags: 4, stream: 1, W.block([("x-test", "a")])))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a CONTINUATION frame preceded by a CONTINUATION frame with END_HEADERS flag",
                    {
                        try $0.send(
                            begun(1), W.frame(.continuation, flags: 4, stream: 1, W.block([("x-test", "a")])),
                            W.frame(.continuation, flags: 4, stream: 1, W.block([("x-test", "a")])))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a CONTINUATION frame preceded by a DATA frame",
                    {
                        try $0.send(
                            open, W.data(1, [65]),
                            W.frame(.continuation, flags: 4, stream: 1, W.block([("x-test", "a")])))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/6_1_data.go",
            [
                (
                    "Sends a DATA frame with 0x0 stream identifier",
                    {
                        try $0.send(open, W.data(0, [65], ends: true))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    #"Sends a DATA frame on the stream that is not in \"open\" or \"half-closed (local)\" state"#,
                    {
                        try $0.send(hold, W.data(1, [65], ends: true))
                        try $0.endsStream(C.streamClosed)
                    }
                ),
                (
                    "Sends a DATA frame with invalid pad length",
                    {
                        try $0.send(open, W.frame(.data, flags: 9, stream: 1, [6, 65, 66, 0, 0]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/6_2_headers.go",
            [
                (
                    "Sends a HEADERS frame without the END_HEADERS flag, and a PRIORITY frame",
                    {
                        try $0.send(begun(1), W.frame(.priority, stream: 1, [0, 0, 0, 0, 255]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a HEADERS frame to another stream while sending a HEADERS frame",
                    {
                        try $0.send(begun(1), W.headers(3))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a HEADERS frame with 0x0 stream identifier",
                    {
                        try $0.send(W.headers(0))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a HEADERS frame with invalid pad length",
                    {
                        let block = W.block(W.request())
                        try $0.send(W.frame(.headers, flags: 13, stream: 1, [UInt8(block.count + 1)] + block))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/6_3_priority.go",
            [
                (
                    "Sends a PRIORITY frame with 0x0 stream identifier",
                    {
                        try $0.send(W.frame(.priority, [0, 0, 0, 0, 255]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a PRIORITY frame with a length other than 5 octets",
                    {
                        try $0.send(open, W.frame(.priority, stream: 1, [0, 0, 0, 0]))
                        try $0.endsStream(C.frameSize)
                    }
                ),
            ]),
        cases(
            "http2/6_4_rst_stream.go",
            [
                (
                    "Sends a RST_STREAM frame with 0x0 stream identifier",
                    {
                        try $0.send(W.reset(0))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a RST_STREAM frame on a idle stream",
                    {
                        try $0.send(W.reset(1))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a RST_STREAM frame with a length other than 4 octets",
                    {
                        try $0.send(open, W.frame(.reset, stream: 1, [0, 0, 0]))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
            ]),
        cases(
            "http2/6_7_ping.go",
            [
                ("Sends a PING frame", { try $0.pings() }),
                (
                    "Sends a PING frame with ACK",
                    { client in
                        try client.send(W.frame(.ping, flags: 1, [9, 9, 9, 9, 9, 9, 9, 9]), W.ping())
                        let answer = try client.wait(for: .ping, acknowledges: true)
                        guard answer.payload == [1, 2, 3, 4, 5, 6, 7, 8] else {
                            throw HTTP2Client.Failure.unexpected("an answer to an acknowledgement")
                        }
                    }
                ),
                (
                    "Sends a PING frame with a stream identifier field value other than 0x0",
                    {
                        try $0.send(W.frame(.ping, stream: 1, [1, 2, 3, 4, 5, 6, 7, 8]))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends a PING frame with a length field value other than 8",
                    {
                        try $0.send(W.frame(.ping, [1, 2, 3, 4, 5, 6]))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
            ]),
        cases(
            "http2/6_8_goaway.go",
            [
                (
                    "Sends a GOAWAY frame with a stream identifier other than 0x0",
                    {
                        try $0.send(W.frame(.goAway, stream: 1, W.number(0) + W.number(0)))
                        try $0.endsConnection(C.protocolError)
                    }
                )
            ]),
        cases(
            "http2/7_error_codes.go",
            [
                (
                    "Sends a GOAWAY frame with unknown error code",
                    {
                        try $0.send(W.frame(.goAway, W.number(0) + W.number(255)))
                        try $0.pings()
                    }
                ),
                (
                    "Sends a RST_STREAM frame with unknown error code",
                    {
                        try $0.send(open, W.reset(1, code: 255))
                        try $0.pings()
                    }
                ),
            ]),
        cases(
            "http2/8_2_server_push.go",
            [
                (
                    "Sends a PUSH_PROMISE frame",
                    {
                        try $0.send(open, W.frame(.push, flags: 4, stream: 1, W.number(2) + W.block(W.request())))
                        try $0.endsConnection(C.protocolError)
                    }
                )
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

    /// A header block that is to go on.
    static func begun(_ stream: UInt32) -> [UInt8] {
        W.headers(stream, W.request("GET", "/public/hold"), endsHeaders: false)
    }

    static func ignored(_ client: HTTP2Client, _ frame: [UInt8]) throws {
        try client.send(frame)
        try client.pings()
    }
}
