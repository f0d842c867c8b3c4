import HTTP1

extension Case {
    /// Heads as a browser's script sends them and as a web service answers.
    static let heads: [Case] = [
        Case("request-head") {
            let bytes = text(
                "GET /api/v1/orders?status=open&page=2 HTTP/1.1", "Host: api.example.com",
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Accept: application/json", "Accept-Language: en-GB,en;q=0.5", "Accept-Encoding: gzip, deflate, br",
                "Referer: https://shop.example.com/orders",
                "Authorization: Bearer " + String(repeating: "eyJhbGciOiJI", count: 20),
                "Origin: https://shop.example.com", "Connection: keep-alive")
            var parser = RequestHeadParser()
            return {
                parser.reset()
                bytes.withUnsafeBytes { bytes in
                    Case.require { Case.require(try parser.parse(bytes) == .complete) }
                }
            }
        },
        Case("response-head") {
            let bytes = text(
                "HTTP/1.1 200 OK", "Server: nginx/1.22.1", "Date: Sun, 29 Nov 2026 12:00:00 GMT",
                "Content-Type: application/json; charset=utf-8", "Content-Length: 1024", "Connection: keep-alive",
                "Cache-Control: private, max-age=0", #"ETag: "5f1c9a3e-400""#, "Vary: Accept-Encoding",
                "X-Request-Id: 0193f3a2-7b1c-7d2e-9f40-000000000001")
            var parser = ResponseHeadParser()
            return {
                parser.reset()
                bytes.withUnsafeBytes { bytes in
                    Case.require { Case.require(try parser.parse(bytes) == .complete) }
                }
            }
        },
    ]

    private static func text(_ lines: String...) -> [UInt8] {
        [UInt8](lines.map { $0 + "\r\n" }.joined().utf8) + [0x0D, 0x0A]
    }
}
