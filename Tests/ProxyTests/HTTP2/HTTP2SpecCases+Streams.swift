@testable import Proxy

extension HTTP2SpecCases {
    // MARK: - Streams

    static let streams: [String: Check] = [
        cases(
            "http2/5_1_1_stream_identifiers.go",
            [
                (
                    "Sends even-numbered stream identifier",
                    {
                        try $0.send(W.headers(2))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
                (
                    "Sends stream identifier that is numerically smaller than previous",
                    {
                        try $0.send(W.headers(5, W.request("GET", "/public/hold")), W.headers(3))
                        try $0.endsConnection(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/5_1_2_stream_concurrency.go",
            [
                (
                    "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
                    { client in
                        let held = (0...100).map { W.headers(UInt32(2 * $0 + 1), W.request("GET", "/public/hold")) }
                        try client.send(held.flatMap(\.self))
                        try client.endsStream(C.protocolError, C.refused)
                    }
                )
            ]),
        cases(
            "http2/5_1_stream_states.go",
            [
                ("idle: Sends a DATA frame", { try refused($0, W.data(1, [65], ends: true)) }),
                ("idle: Sends a RST_STREAM frame", { try refused($0, W.reset(1)) }),
                ("idle: Sends a WINDOW_UPDATE frame", { try refused($0, W.windowUpdate(100, stream: 1)) }),
                (
                    "idle: Sends a CONTINUATION frame",
                    { try refused($0, W.frame(.continuation, flags: 4, stream: 1, W.block(W.request()))) }
                ),
                (
                    "half closed (remote): Sends a DATA frame",
                    {
                        try $0.send(hold, W.data(1, [65], ends: true))
                        try $0.endsStream(C.streamClosed)
                    }
                ),
                (
                    "half closed (remote): Sends a HEADERS frame",
                    {
                        // The second head is a trailer section first, and malformed as one.
                        try $0.send(hold, W.headers(1))
                        try $0.endsStream(C.streamClosed, C.protocolError)
                    }
                ),
                (
                    "half closed (remote): Sends a CONTINUATION frame",
                    {
                        try $0.send(hold, W.frame(.continuation, flags: 4, stream: 1, W.block([("x", "y")])))
                        try $0.endsStream(C.streamClosed, C.protocolError)
                    }
                ),
                (
                    "closed: Sends a DATA frame after sending RST_STREAM frame",
                    {
                        try $0.send(open, W.reset(1), W.data(1, [65], ends: true))
                        try $0.endsStream(C.streamClosed)
                    }
                ),
                (
                    "closed: Sends a HEADERS frame after sending RST_STREAM frame",
                    {
                        try $0.send(open, W.reset(1), W.headers(1))
                        try $0.endsStream(C.streamClosed, C.protocolError)
                    }
                ),
                (
                    "closed: Sends a CONTINUATION frame after sending RST_STREAM frame",
                    {
                        try $0.send(
                            open, W.reset(1), W.frame(.continuation, flags: 4, stream: 1, W.block([("x", "y")])))
                        try $0.endsStream(C.streamClosed, C.protocolError)
                    }
                ),
                (
                    "closed: Sends a DATA frame",
                    {
                        try answers($0, W.headers(1))
                        try $0.send(W.data(1, [65], ends: true))
                        try $0.endsConnection(C.streamClosed)
                    }
                ),
                (
                    "closed: Sends a HEADERS frame",
                    {
                        try answers($0, W.headers(1))
                        try $0.send(W.headers(1))
                        try $0.endsConnection(C.streamClosed, C.protocolError)
                    }
                ),
                (
                    "closed: Sends a CONTINUATION frame",
                    {
                        try answers($0, W.headers(1))
                        try $0.send(W.frame(.continuation, flags: 4, stream: 1, W.block([("x", "y")])))
                        try $0.endsConnection(C.streamClosed, C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/5_3_1_stream_dependencies.go",
            [
                (
                    "Sends HEADERS frame that depends on itself",
                    {
                        try $0.send(W.frame(.headers, flags: 37, stream: 1, [0, 0, 0, 1, 255] + W.block(W.request())))
                        try $0.endsStream(C.protocolError)
                    }
                ),
                (
                    "Sends PRIORITY frame that depend on itself",
                    {
                        try $0.send(W.frame(.priority, stream: 1, [0, 0, 0, 1, 255]))
                        try $0.endsStream(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/6_9_window_update.go",
            [
                (
                    "Sends a WINDOW_UPDATE frame with a flow control window increment of 0",
                    { try refused($0, W.windowUpdate(0)) }
                ),
                (
                    "Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream",
                    {
                        try $0.send(open, W.windowUpdate(0, stream: 1))
                        try $0.endsStream(C.protocolError)
                    }
                ),
                (
                    "Sends a WINDOW_UPDATE frame with a length other than 4 octets",
                    {
                        try $0.send(W.frame(.windowUpdate, [0, 0, 1]))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
            ]),
        cases(
            "http2/6_9_1_the_flow_control_window.go",
            [
                (
                    "Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame",
                    { client in
                        try client.send(W.settings([(4, 1)]), W.headers(1))
                        let frame = try client.wait(for: .data)
                        guard frame.payload.count == 1 else { throw HTTP2Client.Failure.unexpected("more than fits") }
                    }
                ),
                (
                    "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1",
                    {
                        try $0.send(W.windowUpdate(0x7fff_ffff), W.windowUpdate(0x7fff_ffff))
                        try $0.endsConnection(C.flowControl)
                    }
                ),
                (
                    "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
                    {
                        try $0.send(
                            open, W.windowUpdate(0x7fff_ffff, stream: 1), W.windowUpdate(0x7fff_ffff, stream: 1))
                        try $0.endsStream(C.flowControl)
                    }
                ),
            ]),
        cases(
            "http2/6_9_2_initial_flow_control_window_size.go",
            [
                (
                    "Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame",
                    { client in
                        try client.send(W.settings([(4, 0)]), W.headers(1))
                        _ = try client.wait(for: .headers)
                        try client.send(W.settings([(4, 1)]))
                        let frame = try client.wait(for: .data)
                        guard frame.payload.count == 1 else { throw HTTP2Client.Failure.unexpected("more than fits") }
                    }
                ),
                (
                    "Sends a SETTINGS frame for window size to be negative",
                    { client in
                        // A body of two bytes: one is taken at a window of 1, so that 0 makes it -1.
                        try client.send(W.settings([(4, 1)]), W.headers(1))
                        _ = try client.wait(for: .data)
                        try client.send(W.settings([(4, 0)]), W.windowUpdate(2, stream: 1))
                        let frame = try client.wait(for: .data)
                        guard frame.payload.count == 1 else { throw HTTP2Client.Failure.unexpected("more than fits") }
                    }
                ),
                (
                    "Sends a SETTINGS_INITIAL_WINDOW_SIZE settings with an exceeded maximum window size value",
                    {
                        try $0.send(W.settings([(4, 0x8000_0000)]))
                        try $0.endsConnection(C.flowControl)
                    }
                ),
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

    static func refused(_ client: HTTP2Client, _ frame: [UInt8]) throws {
        try client.send(frame)
        try client.endsConnection(C.protocolError)
    }
}
