import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension SemanticsRows {
    /// Rows about whole messages and connections.
    static let messages: [String: RowCheck] = [
        "ver-01": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
                }
                let client = try world.client()
                try client.send("GET /public HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let answer = try client.readResponse()
                #expect(answer.text == "ok" && answer["Transfer-Encoding"] == nil && answer["Connection"] == "close")
                #expect(world.backend.requests.first?.startLine == "GET /public HTTP/1.1")
                world.backend.onRequest { _, responder in responder.answer() }
                let kept = try world.client()
                for _ in 0..<2 {
                    try kept.send("GET /public HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    #expect(try kept.readResponse()["Connection"] == "keep-alive")
                }
            }
        },
        "exp-01": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onHead { _, responder in responder.send("HTTP/1.1 100 Continue\r\n\r\n") }
                let client = try world.client()
                let head = "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
                try client.send("POST /public \(head)")
                #expect(try client.readResponse().status == 100)
                for byte in "body".utf8 { try client.send([byte]) }
                #expect(try client.readResponse().status == 200)
                try client.send("POST /api \(head)")
                #expect(try client.readResponse().status == 401)
                #expect(try client.endsNow())
                #expect(world.backend.state.heads == 1)
            }
        },
        "exp-02": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onHead { _, responder in responder.send("HTTP/1.1 100 Continue\r\n\r\n") }
                let client = try world.client()
                try client.send("POST /public HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok")
                #expect(try client.readResponse().status == 200)
            }
        },
        "exp-03": { () async throws in
            let (answer, heads) = try await answered(
                "POST /public HTTP/1.1\r\nHost: a\r\nExpect: something\r\nContent-Length: 2\r\n\r\nok")
            #expect(answer.status == 417 && heads == 0)
        },
        "mf-01": { () async throws in
            let options = "OPTIONS /public HTTP/1.1\r\nHost: a\r\nMax-Forwards: "
            let (own, heads) = try await answered(options + "0\r\n\r\n")
            #expect(own.status == 204 && heads == 0)
            #expect(try await forwarded(options + "1\r\n\r\n").all("Max-Forwards") == ["0"])
            let (malformed, none) = try await answered(options + "abc\r\n\r\n")
            #expect(malformed.status == 400 && none == 0)
            let (guarded, nothing) = try await answered(
                "OPTIONS /api HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
            #expect(guarded.status == 401 && nothing == 0)
            let (trace, passed) = try await answered("TRACE /public HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n")
            #expect(trace.status == 501 && passed == 0)
        },
        "trace-01": { () async throws in
            let (answer, heads) = try await answered(
                "TRACE /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n")
            #expect(answer.status == 501 && heads == 0 && !answer.text.contains("secret"))
        },
        "connect-01": { () async throws in
            try await World.run { (world) async throws in
                for target in ["127.0.0.1:\(world.backend.port)", "/public", "a:80"] {
                    let client = try world.client()
                    try client.send("CONNECT \(target) HTTP/1.1\r\nHost: a\r\n\r\n\(get)")
                    #expect([400, 501].contains(try client.readResponse().status))
                    #expect(try client.endsNow())
                }
                #expect(world.backend.connectionCount == 0)
            }
        },
        "upg-01": { () async throws in
            try await World.run { (world) async throws in
                let refused = try world.client()
                try refused.send("GET /api HTTP/1.1\r\n\(GatewayTests.WebSocketTests.fields)\r\n")
                #expect(try refused.readResponse().status == 401)
                #expect(world.backend.state.heads == 0)
                world.backend.onRequest { _, responder in responder.answer("not now") }
                #expect(try world.ask(GatewayTests.WebSocketTests.handshake).text == "not now")
                GatewayTests.WebSocketTests.agree(world)
                let client = try GatewayTests.WebSocketTests.open(world)
                let bytes: [UInt8] = [0x81, 0x85, 0, 0xff, 0x0d, 0x0a]
                try client.send(bytes)
                #expect(try client.read(count: bytes.count) == bytes)
            }
        },
        "upg-02": { () async throws in
            let seen = try await forwarded(
                fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n")
            #expect(seen.all("Upgrade") + seen.all("HTTP2-Settings") + seen.all("Connection") == [])
        },
        "upg-03": { () async throws in
            try await World.run { (world) async throws in
                let fields = GatewayTests.WebSocketTests.fields
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\n\(fields)Content-Length: 5\r\n\r\nhello\(get)")
                #expect(try client.readResponse().status == 200)
                #expect(try client.readResponse().status == 200, "it was no upgrade, so a request follows")
                try client.send("POST /public HTTP/1.1\r\n\(fields)Content-Length: 5\r\n\r\nhello")
                #expect(try client.readResponse().status == 200)
                #expect(world.backend.requests.map(\.body.count) == [5, 0, 5])
                #expect(world.backend.requests.allSatisfy { $0.all("Upgrade").isEmpty })
                let pipelined = try world.client()
                try pipelined.send("GET /public/last HTTP/1.1\r\n\(fields)\r\n\(get)")
                #expect(try pipelined.readResponse()["Connection"] == "close")
                #expect(try pipelined.endsNow())
                #expect(world.backend.requests.count == 4)
            }
        },
        "ret-01": { () async throws in
            for method in ["GET", "HEAD", "POST", "PATCH"] {
                try await World.run { (world) async throws in
                    world.backend.onRequest { request, responder in
                        if request.connection == 0, request.index == 1 { responder.close() } else { responder.answer() }
                    }
                    let client = try world.client()
                    try client.send(get)
                    #expect(try client.readResponse().status == 200)
                    try client.send("\(method) /public HTTP/1.1\r\nHost: a\r\n\r\n")
                    let isRepeated = method == "GET" || method == "HEAD"
                    // The stub's answer to HEAD has a body, which ends its connection and no more.
                    let status = try client.readResponse(isHead: method == "HEAD").status
                    #expect(status == (isRepeated ? 200 : 502), "\(method)")
                    #expect(world.backend.requests.count == (isRepeated ? 3 : 2), "\(method)")
                }
            }
        },
        "body-01": { () async throws in
            try await World.run { (world) async throws in
                for length in [100_000, 4_000_000] {
                    let client = try world.client()
                    try client.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
                    // More than the socket holds, so that an early close would meet unread bytes.
                    try client.send([UInt8](repeating: 0x61, count: length / 2))
                    #expect(try client.readResponse().status == 401)
                    #expect(try client.endsNow())
                }
                #expect(world.backend.state.heads == 0)
            }
        },
        "body-02": { () async throws in
            var settings = World.Settings()
            settings.limits.bodyBytes = 1000
            try await World.run(settings) { (world) async throws in
                let announced = try world.client()
                try announced.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
                #expect(try announced.readResponse().status == 413)
                #expect(try announced.endsNow())
                #expect(world.backend.state.heads == 0)
                let chunked = try world.client()
                try chunked.send(
                    "POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
                        + String(repeating: "a", count: 1001))
                #expect(try chunked.readResponse().status == 413)
                #expect(try chunked.endsNow())
                #expect(world.backend.requests.isEmpty)
            }
        },
        "body-03": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onHead { _, responder in
                    responder.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
                }
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
                let answer = try client.readResponse()
                #expect(answer.status == 403 && answer.text == "no" && answer["Connection"] == "close")
                #expect(try client.endsNow())
            }
        },
        "head-01": { () async throws in
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = 200
            try await World.run(settings) { (world) async throws in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("garbage") { responder.send("garbage\r\n\r\n") }
                }
                let client = try world.client()
                for (path, status) in [
                    ("/api", 401), ("/nowhere", 404), ("/dead", 502), ("/public/garbage", 502), ("/public", 504),
                ] {
                    try client.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let head = try client.readResponse(isHead: true)
                    try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let answer = try client.readResponse()
                    #expect(head.status == status && answer.status == status, "\(path)")
                    #expect(head["Content-Length"] == "\(answer.body.count)", "\(path)")
                }
            }
        },
        "pipe-01": { () async throws in
            try await World.run { (world) async throws in
                let client = try world.client()
                let ok = "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer al\r\n\r\n"
                try client.send(ok + "GET /api HTTP/1.1\r\nHost: a\r\n\r\n" + ok)
                #expect(try (0..<3).map { _ in try client.readResponse().status } == [200, 401, 200])
            }
        },
        "pipe-02": { () async throws in
            try await World.run { (world) async throws in
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get)
                #expect(try client.readResponse()["Connection"] == "close")
                #expect(try client.endsNow())
                #expect(world.backend.requests.count == 1)
            }
        },
        "conn-01": { () async throws in
            try await World.run { (world) async throws in
                let client = try world.client()
                for name in ["alice", "bob", "bad"] {
                    try client.send("GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(name)\r\n\r\n")
                    #expect(try client.readResponse().status == (name == "bad" ? 401 : 200))
                }
                #expect(world.backend.requests.map { $0.all("X-Auth-Subject") } == [["alice"], ["bob"]])
            }
        },
        "conn-02": { () async throws in
            try await World.run { (world) async throws in
                for name in ["alice", "bob"] {
                    let token = "Authorization: Bearer \(name)\r\n"
                    #expect(try world.ask("GET /api HTTP/1.1\r\nHost: a\r\n\(token)\r\n").status == 200)
                }
                // NTLM would bind the connection itself to its first user; its fields never get there.
                let negotiating = "GET /public HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM AAAA\r\n\r\n"
                #expect(try world.ask(negotiating).status == 200)
                let requests = world.backend.requests
                #expect(requests.map(\.connection) == [0, 0, 0])
                #expect(requests.map { $0.all("X-Auth-Subject") } == [["alice"], ["bob"], []])
                #expect(requests.allSatisfy { $0.all("Authorization").isEmpty })
            }
        },
        "err-01": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in responder.send("secret garbage\r\n\r\n") }
                for request in [
                    "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Basic c2VjcmV0\r\n\r\n", get,
                    "GET /dead?secret HTTP/1.1\r\nHost: a\r\nX: secret\r\n\r\n",
                    "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n",
                ] {
                    let answer = try world.ask(request)
                    #expect(answer.status >= 400)
                    for text in ["secret", "c2VjcmV0", "127.0.0.1", ".swift"] {
                        #expect(!answer.head.contains(text) && !answer.text.contains(text), "\(text)")
                    }
                }
            }
        },
        "log-01": { () async throws in
            let output = try OutputFile()
            let writer = AccessLogWriter(descriptor: output.handle.fileDescriptor)
            var settings = World.Settings()
            settings.accessLog = writer
            try await World.run(settings) { (world) async throws in
                for request in [
                    "GET /public/%0d%0aevil HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /public?\u{1b}[31mevil HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /public HTTP/1.1\r\nHost: a\r\nX-Request-Id: \u{1b}\"evil\r\n\r\n",
                    "GET /public HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\"evil\r\nUser-Agent: evil\r\n\r\n",
                ] {
                    _ = try world.ask(request)
                }
            }
            await writer.shutdown()
            let content = try output.content()
            #expect(!String(decoding: content, as: UTF8.self).contains("evil"))
            let lines = content.split(separator: UInt8(ascii: "\n"))
            #expect(lines.count == 4)
            for line in lines {
                #expect(try JSONSerialization.jsonObject(with: Data(line)) is [String: Any])
                #expect(line.allSatisfy { (0x20...0x7e).contains($0) })
            }
        },
        "keep-01": { () async throws in
            var settings = World.Settings()
            settings.limits.requestsPerConnection = 2
            settings.limits.keepAliveTimeoutMilliseconds = 200
            try await World.run(settings) { (world) async throws in
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse()["Connection"] == nil)
                try client.send(get)
                #expect(try client.readResponse()["Connection"] == "close")
                #expect(try client.endsNow())
                let idle = try world.client()
                try idle.send(get)
                #expect(try idle.readResponse()["Connection"] == nil)
                #expect(try idle.endsNow())
            }
        },
    ]
}
