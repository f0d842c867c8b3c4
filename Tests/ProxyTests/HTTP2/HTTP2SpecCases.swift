@testable import Proxy

/// h2spec's checks, each as its description says, against a connection whose backend answers all but `/public/hold`.
enum HTTP2SpecCases {
    typealias Check = @Sendable (HTTP2Client) throws -> Void
    typealias W = HTTP2Wire
    typealias C = HTTP2Code

    /// By file and description; the connection is open unless the case is among ``unopened``.
    static let all: [String: Check] = [generic, hpack, frames, streams, settings, messages].reduce(into: [:]) {
        $0.merge($1) { _, new in new }
    }

    static let unopened: Set<String> = [
        "http2/3_5_http2_connection_preface.go|Sends client connection preface",
        "http2/3_5_http2_connection_preface.go|Sends invalid connection preface",
    ]

    static func cases(_ file: String, _ list: [(String, Check)]) -> [String: Check] {
        Dictionary(list.map { ("\(file)|\($0.0)", $0.1) }) { _, new in new }
    }

    /// A request that is not answered, on stream 1.
    static let hold = W.headers(1, W.request("GET", "/public/hold"))
    /// The same, with its body still to come.
    static let open = W.headers(1, W.request("POST", "/public/hold"), ends: false)

    static func answers(_ client: HTTP2Client, _ frames: [UInt8]..., stream: UInt32 = 1) throws {
        try client.send(frames.flatMap(\.self))
        let response = try client.response(stream)
        guard response.status == 200 else {
            throw HTTP2Client.Failure.unexpected("status \(response.status), reset \(response.reset ?? 99)")
        }
    }

    // MARK: - Generic

    static let generic: [String: Check] = [
        cases("generic/1_starting_http2.go", [("Sends a client connection preface", { try $0.pings() })]),
        cases(
            "generic/2_streams_and_multiplexing.go",
            [
                (
                    "Sends a PRIORITY frame on idle stream",
                    { try answers($0, W.frame(.priority, stream: 1, [0, 0, 0, 0, 10]), W.headers(1)) }
                ),
                (
                    "Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
                    { try answers($0, W.headers(1), W.windowUpdate(100, stream: 1)) }
                ),
                (
                    "Sends a PRIORITY frame on half-closed (remote) stream",
                    { try answers($0, W.headers(1), W.frame(.priority, stream: 1, [0, 0, 0, 0, 10])) }
                ),
                (
                    "Sends a RST_STREAM frame on half-closed (remote) stream",
                    {
                        try $0.send(hold, W.reset(1))
                        try $0.pings()
                    }
                ),
                (
                    "Sends a PRIORITY frame on closed stream",
                    {
                        try answers($0, W.headers(1))
                        try $0.send(W.frame(.priority, stream: 1, [0, 0, 0, 0, 10]))
                        try $0.pings()
                    }
                ),
            ]),
        cases(
            "generic/3_10_continuation.go",
            [
                ("Sends a CONTINUATION frame", { try answers($0, split(W.block(W.request()), into: 2)) }),
                ("Sends multiple CONTINUATION frames", { try answers($0, split(W.block(W.request()), into: 3)) }),
            ]),
        cases(
            "generic/3_1_data.go",
            [
                ("Sends a DATA frame", { try answers($0, post(), W.data(1, [1, 2, 3], ends: true)) }),
                (
                    "Sends multiple DATA frames",
                    { try answers($0, post(), W.data(1, [1, 2, 3]), W.data(1, [4], ends: true)) }
                ),
                (
                    "Sends a DATA frame with padding",
                    { try answers($0, post(), W.frame(.data, flags: 9, stream: 1, [2, 65, 66, 0, 0])) }
                ),
            ]),
        cases(
            "generic/3_2_headers.go",
            [
                ("Sends a HEADERS frame", { try answers($0, W.headers(1)) }),
                (
                    "Sends a HEADERS frame with padding",
                    {
                        try answers(
                            $0, W.frame(.headers, flags: 13, stream: 1, [3] + W.block(W.request()) + [0, 0, 0]))
                    }
                ),
                (
                    "Sends a HEADERS frame with priority",
                    {
                        try answers(
                            $0, W.frame(.headers, flags: 37, stream: 1, [0, 0, 0, 0, 1] + W.block(W.request())))
                    }
                ),
            ]),
        cases(
            "generic/3_3_priority.go",
            [
                ("Sends a PRIORITY frame with priority 1", { try priority($0, [0, 0, 0, 0, 0]) }),
                ("Sends a PRIORITY frame with priority 256", { try priority($0, [0, 0, 0, 0, 255]) }),
                ("Sends a PRIORITY frame with stream dependency", { try priority($0, [0, 0, 0, 3, 10]) }),
                ("Sends a PRIORITY frame with exclusive", { try priority($0, [128, 0, 0, 3, 10]) }),
                (
                    "Sends a PRIORITY frame for an idle stream, then send a HEADER frame for a lower stream ID",
                    { try answers($0, W.frame(.priority, stream: 7, [0, 0, 0, 0, 10]), W.headers(1)) }
                ),
            ]),
        cases(
            "generic/3_4_rst_stream.go",
            [
                (
                    "Sends a RST_STREAM frame",
                    {
                        try $0.send(hold, W.reset(1))
                        try $0.pings()
                    }
                )
            ]),
        cases("generic/3_5_settings.go", [("Sends a SETTINGS frame", { try settingsAcknowledged($0) })]),
        cases("generic/3_7_ping.go", [("Sends a PING frame", { try $0.pings() })]),
        cases(
            "generic/3_8_goaway.go",
            [
                (
                    "Sends a GOAWAY frame",
                    {
                        try $0.send(W.frame(.goAway, W.number(0) + W.number(0)))
                        try $0.pings()
                    }
                )
            ]),
        cases(
            "generic/3_9_window_update.go",
            [
                (
                    "Sends a WINDOW_UPDATE frame with stream ID 0",
                    {
                        try $0.send(W.windowUpdate(1))
                        try $0.pings()
                    }
                ),
                (
                    "Sends a WINDOW_UPDATE frame with stream ID 1",
                    { try answers($0, W.headers(1), W.windowUpdate(1, stream: 1)) }
                ),
            ]),
        cases(
            "generic/4_http_message_exchanges.go",
            [
                ("Sends a GET request", { try answers($0, W.headers(1)) }),
                ("Sends a HEAD request", { try answers($0, W.headers(1, W.request("HEAD"))) }),
                ("Sends a POST request", { try answers($0, post(), W.data(1, Array("test".utf8), ends: true)) }),
                (
                    "Sends a POST request with trailers",
                    { try answers($0, post(), W.data(1, [65]), W.headers(1, [("x-test", "ok")])) }
                ),
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

    static func post() -> [UInt8] { W.headers(1, W.request("POST"), ends: false) }

    static func priority(_ client: HTTP2Client, _ payload: [UInt8]) throws {
        try client.send(W.frame(.priority, stream: 1, payload))
        try client.pings()
    }

    static func settingsAcknowledged(_ client: HTTP2Client) throws {
        try client.send(W.settings([(3, 10)]))
        _ = try client.wait(for: .settings, acknowledges: true)
        _ = try client.wait(for: .settings, acknowledges: true)
    }

    /// A header block on stream 1 as HEADERS and CONTINUATION frames.
    static func split(_ block: [UInt8], into count: Int, stream: UInt32 = 1) -> [UInt8] {
        let size = (block.count + count - 1) / count
        var frames: [UInt8] = []
        for index in 0..<count {
            let piece = Array(block.dropFirst(index * size).prefix(size))
            let isLast = index == count - 1
            frames +=
                index == 0
                ? W.headers(stream, block: piece, endsHeaders: isLast)
                : W.frame(.continuation, flags: isLast ? W.endHeaders : 0, stream: stream, piece)
        }
        return frames
    }

    // MARK: - HPACK

    /// `:method: GET`, `:scheme: http`, `:path: /public`, `:authority: a` and then some bytes.
    static func indexed(_ rest: [UInt8]) -> [UInt8] {
        W.headers(1, block: [0x82, 0x86, 0x04] + W.string("/public") + [0x01] + W.string("a") + rest)
    }

    /// "user-agent" is index 58; these Huffman codes are of "a" (00011) with three bits of padding.
    static let huffmanA: [UInt8] = [0x81, 0x1f]

    static let hpack: [String: Check] = [
        cases(
            "generic/5_hpack.go",
            [
                ("Sends a indexed header field representation", { try answers($0, indexed([])) }),
                (
                    "Sends a literal header field with incremental indexing - indexed name",
                    { try answers($0, indexed([0x40 | 58] + W.string("x"))) }
                ),
                (
                    "Sends a literal header field with incremental indexing - indexed name (with Huffman coding)",
                    { try answers($0, indexed([0x40 | 58] + huffmanA)) }
                ),
                (
                    "Sends a literal header field with incremental indexing - new name",
                    { try answers($0, indexed([0x40] + W.string("x-test") + W.string("x"))) }
                ),
                (
                    "Sends a literal header field with incremental indexing - new name (with Huffman coding)",
                    { try answers($0, indexed([0x40] + huffmanA + huffmanA)) }
                ),
                (
                    "Sends a literal header field without indexing - indexed name",
                    { try answers($0, indexed([0x0f, 58 - 15] + W.string("x"))) }
                ),
                (
                    "Sends a literal header field without indexing - indexed name (with Huffman coding)",
                    { try answers($0, indexed([0x0f, 58 - 15] + huffmanA)) }
                ),
                (
                    "Sends a literal header field without indexing - new name",
                    { try answers($0, indexed([0x00] + W.string("x-test") + W.string("x"))) }
                ),
                (
                    "Sends a literal header field without indexing - new name (huffman encoded)",
                    { try answers($0, indexed([0x00] + huffmanA + huffmanA)) }
                ),
                (
                    "Sends a literal header field never indexed - indexed name",
                    { try answers($0, indexed([0x1f, 58 - 15] + W.string("x"))) }
                ),
                (
                    "Sends a literal header field never indexed - indexed name (huffman encoded)",
                    { try answers($0, indexed([0x1f, 58 - 15] + huffmanA)) }
                ),
                (
                    "Sends a literal header field never indexed - new name",
                    { try answers($0, indexed([0x10] + W.string("x-test") + W.string("x"))) }
                ),
                (
                    "Sends a literal header field never indexed - new name (huffman encoded)",
                    { try answers($0, indexed([0x10] + huffmanA + huffmanA)) }
                ),
                (
                    "Sends a dynamic table size update",
                    { try answers($0, W.headers(1, block: [0x2a] + W.block(W.request()))) }
                ),
                (
                    "Sends multiple dynamic table size update",
                    { try answers($0, W.headers(1, block: [0x21, 0x2a] + W.block(W.request()))) }
                ),
            ]),
        cases(
            "hpack/2_3_3_index_address_space.go",
            [
                (
                    "Sends a indexed header field representation with invalid index",
                    { try compressionError($0, [0x80 | 70]) }
                ),
                (
                    "Sends a literal header field representation with invalid index",
                    { try compressionError($0, [0x40 | 0x3f, 70 - 63] + W.string("x")) }
                ),
            ]),
        cases(
            "hpack/4_2_maximum_table_size.go",
            [("Sends a dynamic table size update at the end of header block", { try compressionError($0, [0x21]) })]),
        cases(
            "hpack/5_2_string_literal_representation.go",
            [
                (
                    "Sends a Huffman-encoded string literal representation with padding longer than 7 bits",
                    { try compressionError($0, [0x00] + W.string("x-test") + [0x82, 0x1f, 0xff]) }
                ),
                (
                    "Sends a Huffman-encoded string literal representation padded by zero",
                    { try compressionError($0, [0x00] + W.string("x-test") + [0x81, 0x18]) }
                ),
                (
                    "Sends a Huffman-encoded string literal representation containing the EOS symbol",
                    { try compressionError($0, [0x00] + W.string("x-test") + [0x84, 0xff, 0xff, 0xff, 0xff]) }
                ),
            ]),
        cases(
            "hpack/6_1_indexed_header_field_representation.go",
            [("Sends a indexed header field representation with index 0", { try compressionError($0, [0x80]) })]),
        cases(
            "hpack/6_3_dynamic_table_size_update.go",
            [
                (
                    "Sends a dynamic table size update larger than the value of SETTINGS_HEADER_TABLE_SIZE",
                    {
                        try $0.send(W.headers(1, block: [0x3f, 0xe2, 0x1f] + W.block(W.request())))
                        try $0.endsConnection(C.compression)
                    }
                )
            ]),
    ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

    static func compressionError(_ client: HTTP2Client, _ rest: [UInt8]) throws {
        try client.send(indexed(rest))
        try client.endsConnection(C.compression)
    }
}
