import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import Gateway

extension GatewayTests {
    @Suite("traces, as a collector and an upstream see them")
    struct TraceExportTests {
        private static let traceID = "0af7651916cd43dd8448eb211c80319c"
        private static let parent = "b7ad6b7169203331"
        private static let field = ("traceparent", "00-\(traceID)-\(parent)-01")
        private static let collectorToken = "a-token-for-the-collector"
        private static let adminToken = "an-admin-token-of-a-test"

        private func settings(_ collector: RecordingBackend, ratio: String = "1", path: String = "/v1/traces")
            -> GatewaySettings
        {
            SecretLedger.enter(Self.collectorToken)
            var settings = GatewaySettings()
            settings.sections = [
                "tracing: {endpoint: \"http://127.0.0.1:\(collector.port)\(path)\", sample_ratio: \(ratio), "
                    + "headers: {Authorization: \"Bearer \(Self.collectorToken)\"}}"
            ]
            settings.traceInterval = .milliseconds(50)
            settings.routes = [
                "{path: /limited/, upstream: api, auth: {any_of: [jwt]}, "
                    + "rate_limit: {requests: 100, window: 1s, key: subject}}"
            ]
            return settings
        }

        /// Runs a test with a gateway and its collector, and looks for secrets in what that got.
        private func with(
            ratio: String = "1", _ change: (inout GatewaySettings) -> Void = { _ in },
            _ body: (GatewayFixture, RecordingBackend) async throws -> Void
        ) async throws {
            SecretLedger.enter(Self.adminToken)
            let collector = try await RecordingBackend.start()
            var settings = settings(collector, ratio: ratio)
            change(&settings)
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                _ = await eventually { (try? ExportedSpan.all(collector).count) ?? 0 > 0 || ratio == "0" }
                collector.forget()
                gateway.backend.forget()
                try await body(gateway, collector)
            }
            for arrival in collector.arrivals {
                #expect(arrival.method == "POST" && arrival.values("Content-Type") == ["application/json"])
                #expect(arrival.target == "/v1/traces")
                #expect(arrival.values("Authorization") == ["Bearer \(Self.collectorToken)"])
                let text = String(decoding: arrival.body, as: UTF8.self)
                #expect(SecretLedger.logLeaks(in: text) == [])
                for word in ["carol", "hidden", "127.0.0.1", "gateway.test", "alice"] {
                    #expect(!text.contains(word), "\(word)")
                }
            }
            await collector.stop()
        }

        /// The spans of a trace, once there are so many.
        private func spans(
            _ count: Int, of traceID: String = Self.traceID, _ collector: RecordingBackend
        ) async throws -> [String: ExportedSpan] {
            let found = { try ExportedSpan.all(collector).filter { $0.traceID == traceID } }
            let areThere = try await eventually { try found().count >= count }
            let spans = try found()
            #expect(areThere && spans.count == count, "\(spans.map(\.name))")
            return Dictionary(spans.map { ($0.kind == 2 ? "server" : $0.name, $0) }, uniquingKeysWith: { $1 })
        }

        @Test(
            "a request's spans are children of one another, and the upstream's is told", arguments: ["api", "limited"])
        func whole(route: String) async throws {
            try await with { gateway, collector in
                let before = UInt64(Date.now.timeIntervalSince1970 * 1e9)
                let token = try gateway.issuer.token()
                let fields = [Self.field, ("tracestate", "vendor=1"), ("User-Agent", "hidden")]
                let answer = try await gateway.call("GET", "/\(route)/hidden?key=hidden", token: token, fields)
                #expect(answer.status == 200)
                let spans = try await spans(4, collector)
                let server = try #require(spans["server"])
                #expect(server.parent == Self.parent && server.name == "GET /\(route)/")
                #expect(
                    server.attributes == [
                        "http.request.method": "GET", "http.route": "/\(route)/", "http.response.status_code": "200",
                        "portcullis.outcome": "ok",
                    ])
                let parts = try ["verify", "deny-list", "upstream"].map { try #require(spans[$0]) }
                #expect(parts.allSatisfy { $0.parent == server.spanID && !$0.isError })
                #expect(parts.map(\.kind) == [1, 1, 3])
                #expect(parts[0].attributes.isEmpty && parts[1].attributes.isEmpty)
                #expect(
                    parts[2].attributes == [
                        "portcullis.upstream": "api", "http.request.method": "GET", "http.response.status_code": "200",
                    ])
                #expect(parts[2].events == ["response head"])
                #expect(parts[0].end <= parts[1].start && parts[1].end <= parts[2].start)
                for part in parts { #expect(server.start <= part.start && part.end <= server.end) }
                let after = UInt64(Date.now.timeIntervalSince1970 * 1e9)
                #expect(before - 1_000_000 <= server.start && server.end <= after + 1_000_000)
                let arrival = try #require(gateway.backend.arrivals.first)
                #expect(arrival.values("traceparent") == ["00-\(Self.traceID)-\(parts[2].spanID)-01"])
                #expect(arrival.values("tracestate") == ["vendor=1"])
            }
        }

        @Test("without a traceparent a trace begins")
        func begun() async throws {
            try await with { gateway, collector in
                #expect(try await gateway.call("GET", "/public/x", [("tracestate", "vendor=1")]).status == 200)
                let arrival = try #require(gateway.backend.arrivals.first)
                let heard = try #require(arrival.values("traceparent").first).split(separator: "-").map(String.init)
                let spans = try await spans(2, of: heard[1], collector)
                #expect(spans["server"]?.parent == nil && spans["upstream"]?.spanID == heard[2])
                #expect(arrival.values("tracestate").isEmpty)
            }
        }

        @Test("the sampled flag is believed of trusted proxies only", arguments: [false, true])
        func trust(isTrusted: Bool) async throws {
            let collector = try await RecordingBackend.start()
            var settings = settings(collector, ratio: "0")
            if isTrusted { settings.sections.append("trusted_proxies: [127.0.0.1/32]") }
            try await GatewayFixture.with(settings) { gateway in
                let first = try await gateway.call("GET", "/public/x", [Self.field])
                let second = try await gateway.call("GET", "/public/y")
                #expect(first.status == 200 && second.status == 200)
                let heard = gateway.backend.arrivals.map { $0.values("traceparent") }
                #expect(heard[1].isEmpty && (heard[0] == [Self.field.1]) == !isTrusted)
            }
            // At its end the gateway has sent all it had.
            let spans = try ExportedSpan.all(collector)
            #expect(spans.map(\.name).sorted() == (isTrusted ? ["GET /public/", "upstream"] : []))
            #expect(spans.allSatisfy { $0.traceID == Self.traceID })
            await collector.stop()
        }

        @Test("a refused request has no upstream: revoked, without a token, with no route")
        func refused() async throws {
            try await with {
                $0.adminToken = Self.adminToken
            } _: { gateway, collector in
                let token = try gateway.issuer.token()
                let revoked = try await gateway.admin(
                    "POST", "/admin/v1/revocations", token: Self.adminToken, json: "{\"token\":\"\(token)\"}")
                #expect(revoked.status == 201)
                #expect(try await gateway.call("GET", "/api/x", token: token, [Self.field]).status == 401)
                let spans = try await spans(3, collector)
                let server = try #require(spans["server"])
                #expect(server.attributes["http.response.status_code"] == "401" && !server.isError)
                #expect(server.attributes["portcullis.outcome"] == "revoked")
                #expect(spans["verify"] != nil && spans["deny-list"] != nil && spans["upstream"] == nil)
                collector.forget()
                #expect(try await gateway.call("GET", "/api/x", [Self.field]).status == 401)
                let without = try await self.spans(2, collector)
                #expect(without["server"]?.attributes["portcullis.outcome"] == "no_credential")
                #expect(without["verify"] != nil)
                collector.forget()
                #expect(try await gateway.call("GET", "/hidden", [Self.field]).status == 404)
                let lost = try await self.spans(1, collector)
                #expect(lost["server"]?.name == "GET" && lost["server"]?.attributes["http.route"] == nil)
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("an upstream that fails makes both spans failures")
        func failed() async throws {
            try await with { gateway, collector in
                #expect(try await gateway.call("POST", "/public/hangup", [Self.field], body: "hidden").status == 502)
                let spans = try await spans(2, collector)
                #expect(spans["server"]?.isError == true && spans["upstream"]?.isError == true)
                #expect(spans["upstream"]?.attributes["http.response.status_code"] == nil)
            }
        }

        @Test("a client that sends what it may not is no failure of the upstream")
        func clientsFault() async throws {
            try await with { gateway, collector in
                let connection = try await gateway.connect()
                await connection.send(
                    "POST /public/x HTTP/1.1\r\nHost: a\r\n\(Self.field.0): \(Self.field.1)\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
                // The head has gone on before the body breaks.
                await connection.send("not a size\r\n")
                #expect(try await connection.answer().status == 400)
                let spans = try await spans(2, collector)
                #expect(spans["server"]?.isError == false && spans["upstream"]?.isError == false)
                await connection.close()
            }
        }

        @Test("forward authentication is a request like others")
        func forwardAuthentication() async throws {
            try await with { gateway, collector in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/auth/verify", token: token, [Self.field]).status == 200)
                let spans = try await spans(3, collector)
                #expect(spans["server"]?.name == "GET /auth/verify" && spans["deny-list"] != nil)
            }
        }

        @Test("the gateway's own endpoints have a span, and the identity service's call is below it")
        func controlPlane() async throws {
            SecretLedger.enter("open sesame hidden")
            let service = try await IdentityStub { _ in .body(status: 200, #"{"sub":"u-17"}"#) }
            try await with {
                $0.login = "delegate: {url: \"http://localhost:\(service.port)/verify\"}"
            } _: { gateway, collector in
                let body = #"{"username":"alice","password":"open sesame hidden"}"#
                let answer = try await gateway.call(
                    "POST", "/auth/login", [("Content-Type", "application/json"), Self.field], body: body)
                _ = try GatewayFixture.Grant(answer)
                let spans = try await spans(3, collector)
                let (server, own) = (try #require(spans["server"]), try #require(spans["control-plane"]))
                let call = try #require(spans["POST"])
                #expect(server.name == "POST /auth/login" && own.parent == server.spanID && own.kind == 1)
                #expect(call.parent == own.spanID && call.kind == 3)
                #expect(
                    call.attributes == ["http.request.method": "POST", "http.response.status_code": "200"])
                #expect(service.heads.last?["traceparent"] == ["00-\(Self.traceID)-\(call.spanID)-01"])
            }
            await service.stop()
        }

        @Test("a collector that is away costs spans and nothing else; the log tells it once, and when it is back")
        func outage() async throws {
            let collector = try await RecordingBackend.start()
            let settings = settings(collector)
            await collector.stop()
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                let dropped = { try await gateway.metrics().value("portcullis_spans_dropped_total") }
                for round in 1...3 {
                    let before = try await dropped()
                    #expect(try await gateway.call("GET", "/public/x").status == 200)
                    let isCounted = try await eventually { try await dropped() >= before + 2 }
                    #expect(isCounted, "\(round)")
                }
                #expect(gateway.logText.components(separatedBy: "traces cannot be exported").count == 2)
                #expect(gateway.logText.contains("\"reason\":\"unreachable\""))
                try await collector.restart()
                let isBack = try await eventually {
                    let answer = try await gateway.call("GET", "/public/x")
                    #expect(answer.status == 200)
                    return gateway.logText.contains("traces are exported again")
                }
                #expect(isBack)
                #expect(try ExportedSpan.all(collector).count >= 2)
            }
            await collector.stop()
        }

        @Test("without tracing nothing is counted, and traceparent and tracestate pass as they came")
        func off() async throws {
            try await GatewayFixture.with { gateway in
                try await gateway.waitForRedis()
                let token = try gateway.issuer.token()
                let fields = [Self.field, ("tracestate", "vendor=1")]
                gateway.backend.forget()
                #expect(try await gateway.call("GET", "/api/x", token: token, fields).status == 200)
                let arrival = try #require(gateway.backend.arrivals.first)
                #expect(arrival.values("traceparent") == [Self.field.1] && arrival.values("tracestate") == ["vendor=1"])
                #expect(try await !gateway.metrics().text.contains("spans_dropped"))
            }
        }

        @Test("a process that ends sends what it has; a collector that hangs holds up neither requests nor the end")
        func process() async throws {
            for path in ["/v1/traces", "/v1/silent"] {
                let (collector, backend) = (try await RecordingBackend.start(), try await RecordingBackend.start())
                let served = try await ServingProcess(settings(collector, path: path), backendPort: backend.port)
                let connection = try await HTTPTestConnection.open(port: served.port)
                let asked = path == "/v1/silent" ? 600 : 10
                for _ in 0..<asked {
                    await connection.request("GET", "/public/x")
                    #expect(try await connection.answer(within: .seconds(5)).status == 200)
                }
                await connection.close()
                if path == "/v1/silent" {
                    let isHeld = await eventually { !collector.arrivals.isEmpty }
                    #expect(isHeld, "there is enough for a batch")
                }
                let start = ContinuousClock.now
                served.run.signal(SIGTERM)
                #expect(await served.run.end() == 0)
                // `shutdown_grace` is 2 s.
                #expect(start.duration(to: .now) < .seconds(4))
                served.run.checkLog()
                let spans = try ExportedSpan.all(collector)
                if path == "/v1/traces" {
                    #expect(spans.count == 20)
                } else {
                    #expect(collector.arrivals.count == 1 && spans.count == SpanQueue.batchSpanCount)
                }
                await collector.stop()
                await backend.stop()
            }
        }
    }
}
