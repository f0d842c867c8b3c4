@testable import Proxy

extension HTTP2SpecCases {
    // MARK: - Settings

    static let settings: [String: Check] = [
        cases(
            "http2/6_5_2_defined_settings_parameters.go",
            [
                (
                    "SETTINGS_ENABLE_PUSH (0x2): Sends the value other than 0 or 1",
                    { try refused($0, W.settings([(2, 2)])) }
                ),
                (
                    "SETTINGS_INITIAL_WINDOW_SIZE (0x4): Sends the value above the maximum flow control window size",
                    {
                        try $0.send(W.settings([(4, 0x8000_0000)]))
                        try $0.endsConnection(C.flowControl)
                    }
                ),
                (
                    "SETTINGS_MAX_FRAME_SIZE (0x5): Sends the value below the initial value",
                    { try refused($0, W.settings([(5, 16_383)])) }
                ),
                (
                    "SETTINGS_MAX_FRAME_SIZE (0x5): Sends the value above the maximum allowed frame size",
                    { try refused($0, W.settings([(5, 1 << 24)])) }
                ),
                ("Sends a SETTINGS frame with unknown identifier", { try ignored($0, W.settings([(0xff, 1)])) }),
            ]),
        cases(
            "http2/6_5_3_settings_synchronization.go",
            [
                (
                    "Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE",
                    { client in
                        try client.send(W.settings([(4, 100), (4, 1)]), W.headers(1))
                        let frame = try client.wait(for: .data)
                        guard frame.payload.count == 1 else { throw HTTP2Client.Failure.unexpected("more than fits") }
                    }
                ),
                ("Sends a SETTINGS frame without ACK flag", { try settingsAcknowledged($0) }),
            ]),
        cases(
            "http2/6_5_settings.go",
            [
                (
                    "Sends a SETTINGS frame with ACK flag and payload",
                    {
                        try $0.send(W.frame(.settings, flags: 1, [0]))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
                (
                    "Sends a SETTINGS frame with a stream identifier other than 0x0",
                    { try refused($0, W.frame(.settings, stream: 1, [0, 3, 0, 0, 0, 100])) }
                ),
                (
                    "Sends a SETTINGS frame with a length other than a multiple of 6 octets",
                    {
                        try $0.send(W.frame(.settings, [0, 3, 0]))
                        try $0.endsConnection(C.frameSize)
                    }
                ),
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

    // MARK: - Messages

    static func malformed(_ client: HTTP2Client, _ fields: [(String, String)]) throws {
        try client.send(W.headers(1, fields))
        try client.endsStream(C.protocolError)
    }

    static let messages: [String: Check] = [
        cases(
            "http2/8_1_2_1_pseudo_header_fields.go",
            [
                (
                    "Sends a HEADERS frame that contains a unknown pseudo-header field",
                    { try malformed($0, W.request() + [(":test", "ok")]) }
                ),
                (
                    "Sends a HEADERS frame that contains the pseudo-header field defined for response",
                    { try malformed($0, W.request() + [(":status", "200")]) }
                ),
                (
                    "Sends a HEADERS frame that contains a pseudo-header field as trailers",
                    {
                        try $0.send(post(), W.data(1, [65]), W.headers(1, [(":method", "200")]))
                        try $0.endsStream(C.protocolError)
                    }
                ),
                (
                    "Sends a HEADERS frame that contains a pseudo-header field that appears in a header block after a regular header field",
                    {
                        try malformed(
                            $0,
                            [
                                (":method", "GET"), (":scheme", "http"), (":authority", "a"), ("x-test", "ok"),
                                (":path", "/"),
                            ])
                    }
                ),
            ]),
        cases(
            "http2/8_1_2_2_connection_specific_header_fields.go",
            [
                (
                    "Sends a HEADERS frame that contains the connection-specific header field",
                    { try malformed($0, W.request() + [("connection", "keep-alive")]) }
                ),
                (
                    #"Sends a HEADERS frame that contains the TE header field with any value other than \"trailers\""#,
                    { try malformed($0, W.request() + [("te", "trailers, deflate;q=0.5")]) }
                ),
            ]),
        cases(
            "http2/8_1_2_3_request_pseudo_header_fields.go",
            [
                (
                    #"Sends a HEADERS frame with empty \":path\" pseudo-header field"#,
                    { try malformed($0, W.request("GET", "")) }
                ),
                (
                    #"Sends a HEADERS frame that omits \":method\" pseudo-header field"#,
                    { try malformed($0, W.request().filter { $0.0 != ":method" }) }
                ),
                (
                    #"Sends a HEADERS frame that omits \":scheme\" pseudo-header field"#,
                    { try malformed($0, W.request().filter { $0.0 != ":scheme" }) }
                ),
                (
                    #"Sends a HEADERS frame that omits \":path\" pseudo-header field"#,
                    { try malformed($0, W.request().filter { $0.0 != ":path" }) }
                ),
                (
                    #"Sends a HEADERS frame with duplicated \":method\" pseudo-header field"#,
                    { try malformed($0, W.request() + [(":method", "GET")]) }
                ),
                (
                    #"Sends a HEADERS frame with duplicated \":scheme\" pseudo-header field"#,
                    { try malformed($0, W.request() + [(":scheme", "http")]) }
                ),
                (
                    #"Sends a HEADERS frame with duplicated \":path\" pseudo-header field"#,
                    { try malformed($0, W.request() + [(":path", "/")]) }
                ),
            ]),
        cases(
            "http2/8_1_2_6_malformed_requests_and_responses.go",
            [
                (
                    #"Sends a HEADERS frame with the \"content-length\" header field which does not equal the DATA frame payload length"#,
                    {
                        try $0.send(
                            W.headers(1, W.request("POST") + [("content-length", "1")], ends: false),
                            W.data(1, [1, 2, 3, 4], ends: true))
                        try $0.endsStream(C.protocolError)
                    }
                ),
                (
                    #"Sends a HEADERS frame with the \"content-length\" header field which does not equal the sum of the multiple DATA frames payload length"#,
                    {
                        try $0.send(
                            W.headers(1, W.request("POST") + [("content-length", "3")], ends: false),
                            W.data(1, [1]), W.data(1, [2], ends: true))
                        try $0.endsStream(C.protocolError)
                    }
                ),
            ]),
        cases(
            "http2/8_1_2_http_header_fields.go",
            [
                (
                    "Sends a HEADERS frame that contains the header field name in uppercase letters",
                    { try malformed($0, W.request() + [("X-TEST", "ok")]) }
                )
            ]),
        cases(
            "http2/8_1_http_request_response_exchange.go",
            [
                (
                    "Sends a second HEADERS frame without the END_STREAM flag",
                    {
                        try $0.send(post(), W.headers(1, [("x-test", "ok")], ends: false))
                        try $0.endsStream(C.protocolError)
                    }
                )
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }
}
