import Testing

@testable import Proxy

extension SemanticsRows {
    /// Rows about what becomes of fields.
    static let fields: [String: RowCheck] = [
        "hop-01": { () async throws in
            let seen = try await forwarded(fields: "Connection: X-Foo, close\r\nX-Foo: 1\r\n")
            #expect(seen.all("X-Foo").isEmpty && seen.all("Connection").isEmpty)
        },
        "hop-02": { () async throws in
            let names = [
                "Keep-Alive", "Proxy-Connection", "Trailer", "Upgrade", "Proxy-Authorization", "Proxy-Authenticate",
            ]
            let lines = names.map { "\($0): x\r\n" }.joined()
            let seen = try await forwarded(fields: "Connection: keep-alive\r\n\(lines)TE: gzip\r\nX-Kept: 1\r\n")
            for name in names + ["Connection", "TE"] { #expect(seen.all(name).isEmpty, "\(name)") }
            #expect(seen.all("X-Kept") == ["1"])
            let chunked = try await forwarded(
                "POST /public HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "0\r\nX-Sum: 1\r\n\r\n")
            #expect(chunked.all("Trailer") == ["X-Sum"] && chunked.trailers == Array("X-Sum: 1\r\n".utf8))
        },
        "hop-03": { () async throws in
            for name in ["Host", "Content-Length"] {
                let request = "POST /public HTTP/1.1\r\nHost: a\r\nConnection: \(name)\r\nContent-Length: 0\r\n\r\n"
                let (answer, heads) = try await answered(request)
                #expect(answer.status == 400 && heads == 0, "\(name)")
            }
            let seen = try await forwarded(
                "GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer al\r\n"
                    + "Connection: Authorization, X-Auth-Subject, X-Forwarded-For, X-Request-Id\r\n\r\n")
            #expect(seen.all("X-Auth-Subject") == ["al"] && seen.all("X-Forwarded-For") == ["127.0.0.1"])
            #expect(seen.all("X-Request-Id").count == 1)
        },
        "hop-04": { () async throws in
            let seen = try await forwarded(fields: "TE: trailers, deflate\r\nConnection: TE\r\n")
            #expect(seen.all("TE") == ["trailers"] && seen.all("Connection") == ["TE"])
            let without = try await forwarded(fields: "TE: deflate\r\nConnection: TE\r\n")
            #expect(without.all("TE").isEmpty && without.all("Connection").isEmpty)
        },
        "hop-05": { () async throws in
            let seen = try await forwarded(
                fields: "Connection: , x-FOO ,,\tX-Bar\r\nconnection:  keep-alive,\r\nCoNNection: X-Baz\r\n"
                    + "X-Foo: 1\r\nx-bar: 2\r\nX-BAZ: 3\r\nX-Kept: 4\r\n")
            #expect(seen.all("X-Foo") + seen.all("X-Bar") + seen.all("X-Baz") + seen.all("Connection") == [])
            #expect(seen.all("X-Kept") == ["4"])
        },
        "hop-06": { () async throws in
            let (answer, _) = try await answered(
                get, by: "HTTP/1.1 200 OK\r\nConnection: X-Foo\r\nX-Foo: 1\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n")
            #expect(answer["X-Foo"] == nil && answer["Connection"] == nil && answer["X-Kept"] == "2")
        },
        "via-01": { () async throws in
            let seen = try await forwarded(fields: "Via: 1.0 fred\r\nX: 1\r\nVia: 1.1 p.example.net\r\n")
            #expect(seen.all("Via") == ["1.0 fred", "1.1 p.example.net", "1.1 portcullis"])
            let (answer, _) = try await answered(
                get, by: "HTTP/1.1 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 0\r\n\r\n")
            #expect(answer.all("Via") == ["1.1 inner", "1.1 portcullis"])
            let (old, _) = try await answered(
                "GET /public HTTP/1.0\r\n\r\n", by: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            #expect(old.all("Via") == ["1.0 portcullis"])
        },
        "xff-01": { () async throws in
            let fields =
                "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
                + "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
            let seen = try await forwarded(fields: fields)
            #expect(seen.all("X-Forwarded-For") == ["127.0.0.1"] && seen.all("X-Forwarded-Proto") == ["http"])
            #expect(seen.all("X-Forwarded-Host") == ["a"] && !seen.head.contains("6.6.6.6"))
            var settings = World.Settings()
            settings.trusted = ["127.0.0.0/8"]
            let trusted = try await forwarded(fields: fields, settings)
            #expect(trusted.all("X-Forwarded-For") == ["6.6.6.6, 127.0.0.1"])
            #expect(trusted.all("X-Forwarded-Proto") == ["https"] && trusted.all("Forwarded").isEmpty)
        },
        "xff-02": { () async throws in
            let many = (0..<10_000).map { "10.0.\($0 / 256).\($0 % 256)" }.joined(separator: ", ")
            let (answer, heads) = try await answered(
                "GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \(many)\r\n\r\n")
            #expect(answer.status == 431 && heads == 0)
            for value in ["1.1.1.1\r\n X: 1", "1.1.1.1\rX: 1", "1.1.1.1\nX: 1", "1.1.1.1\0"] {
                let (answer, heads) = try await answered(
                    "GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \(value)\r\n\r\n")
                #expect(answer.status == 400 && heads == 0)
            }
            for value in ["[2001:db8::1]:4711", "_hidden", "unknown", "\"quoted"] {
                let seen = try await forwarded(fields: "X-Forwarded-For: \(value)\r\n")
                #expect(seen.all("X-Forwarded-For") == ["127.0.0.1"])
            }
        },
        "id-01": { () async throws in
            let spellings = ["X-Auth-Subject", "X_Auth_Subject", "x-aUTH-sUBJECT", "X.Auth.Subject"]
            let lines = (spellings + spellings).map { "\($0): evil\r\n" }.joined()
            let seen = try await forwarded(
                "POST /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer al\r\n\(lines)Transfer-Encoding: chunked\r\n\r\n"
                    + "0\r\n\(lines)\r\n")
            #expect(seen.all("X-Auth-Subject") == ["al"] && !seen.head.contains("evil") && seen.trailers.isEmpty)
        },
        "host-01": { () async throws in
            #expect(try await forwarded(get).all("Host") == ["a"])
            let absolute = try await forwarded("GET http://real.test/public HTTP/1.1\r\nHost: liar.test\r\n\r\n")
            #expect(absolute.all("Host") == ["real.test"] && absolute.startLine == "GET /public HTTP/1.1")
        },
        "date-01": { () async throws in
            let (answer, _) = try await answered(get)
            #expect(answer.all("Date").count == 1)
            let (own, _) = try await answered(
                get, by: "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n")
            #expect(own.all("Date") == ["Sun, 06 Nov 1994 08:49:37 GMT"])
        },
        "auth-01": { () async throws in
            let request = "GET /kept HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer  al,x=1\r\n\r\n"
            #expect(try await forwarded(request.replacing("/kept", with: "/public")).all("Authorization").isEmpty)
            var settings = World.Settings()
            settings.routes = [
                Route(label: "kept", path: "/kept", destination: .upstream(0), forwardsCredentials: true)
            ]
            #expect(try await forwarded(request, settings).all("Authorization") == ["Bearer  al,x=1"])
        },
        "auth-02": { () async throws in
            let (answer, _) = try await answered(
                get,
                by: "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"inner\"\r\nContent-Length: 0\r\n\r\n")
            #expect(answer.status == 401 && answer.all("WWW-Authenticate") == ["Basic realm=\"inner\""])
            #expect(answer["Via"] != nil)
            let (own, _) = try await answered("GET /api HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(own.status == 401 && own["Via"] == nil && own["Content-Type"] == "application/problem+json")
        },
        "cache-01": { () async throws in
            try await World.run { (world) async throws in
                world.backend.onRequest { request, responder in
                    responder.answer("\(request.index)", fields: "Cache-Control: public, max-age=60\r\n")
                }
                let client = try world.client()
                for index in 0..<2 {
                    try client.send("GET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer al\r\n\r\n")
                    let answer = try client.readResponse()
                    #expect(answer.text == "\(index)" && answer.all("Cache-Control") == ["public, max-age=60"])
                }
                try client.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().all("Cache-Control") == ["no-store"])
            }
        },
    ]
}
