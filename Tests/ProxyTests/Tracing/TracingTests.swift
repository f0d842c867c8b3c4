import HTTP1
import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Traces on the data path")
    struct TracingTests {
        private static let parent: String = TraceParent.example
        private static let unsampled: String = String(parent.dropLast(2)) + "00"
        private static let state: String = "vendor=opaque,other=1"

        private struct Seen {
            var parents: [String]
            var states: [String]

            init(_ request: Backend.Request) {
                parents = request.all("traceparent")
                states = request.all("tracestate")
            }
        }

        /// Runs a test in a world that traces.
        private func run(
            ratio: Double?, isTrusted: Bool = false, routes: [Route] = World.routes, retries: Int = 0,
            _ body: (World, TraceRecorder) async throws -> Void
        ) async throws {
            let recorder = TraceRecorder()
            var settings = World.Settings()
            settings.routes = routes
            settings.retries = retries
            if isTrusted { settings.trusted = ["127.0.0.1/32"] }
            settings.tracing = ratio.map { TracingSettings(sampleRatio: $0, collector: recorder) }
            try await World.run(settings) { world in try await body(world, recorder) }
        }

        private func ask(_ world: World, _ fields: [(String, String)], overHTTP2: Bool = false) throws -> Seen {
            world.backend.forget()
            if overHTTP2 {
                let client = try HTTP2Client(world)
                let fields = fields.map { ($0.0.lowercased(), $0.1) }
                #expect(try client.ask(1, HTTP2Wire.request("GET", "/public") + fields).status == 200)
                client.raw.close()
            } else {
                let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\(lines)\r\n").status == 200)
            }
            return Seen(try #require(world.backend.requests.first))
        }

        private func one(_ recorder: TraceRecorder, after count: Int = 0) async throws -> TracedRequest {
            await eventually("handed over") { recorder.requests.count > count }
            return try #require(recorder.requests.last)
        }

        private static let passed: [[(String, String)]] = [
            [], [("traceparent", parent), ("tracestate", state)], [("TraceParent", parent), ("TraceState", state)],
            [("traceparent", unsampled)], [("tracestate", state)], [("traceparent", "x"), ("tracestate", state)],
            [("traceparent", parent), ("traceparent", unsampled), ("tracestate", "a=1"), ("tracestate", "b=2")],
        ]

        @Test("without tracing both fields pass as they came", arguments: passed.indices, [false, true])
        func off(index: Int, overHTTP2: Bool) async throws {
            let fields = Self.passed[index]
            try await run(ratio: nil, isTrusted: true) { world, _ in
                let seen = try ask(world, fields, overHTTP2: overHTTP2)
                #expect(seen.parents == fields.filter { $0.0.lowercased() == "traceparent" }.map(\.1))
                #expect(seen.states == fields.filter { $0.0.lowercased() == "tracestate" }.map(\.1))
            }
        }

        @Test("what is not traced passes as it came", arguments: passed.indices, [false, true])
        func untraced(index: Int, overHTTP2: Bool) async throws {
            let fields = Self.passed[index]
            try await run(ratio: 0) { world, recorder in
                let seen = try ask(world, fields, overHTTP2: overHTTP2)
                #expect(seen.parents == fields.filter { $0.0.lowercased() == "traceparent" }.map(\.1))
                #expect(seen.states == fields.filter { $0.0.lowercased() == "tracestate" }.map(\.1))
                await world.server.shutdown(graceMilliseconds: 0)
                #expect(recorder.requests.isEmpty)
            }
        }

        @Test("a trusted proxy decides by its flag, whatever the ratio", arguments: [0, 1])
        func trusted(ratio: Double) async throws {
            try await run(ratio: ratio, isTrusted: true) { world, recorder in
                let untraced = try ask(world, [("traceparent", Self.unsampled), ("tracestate", Self.state)])
                #expect(untraced.parents == [Self.unsampled] && untraced.states == [Self.state])
                let traced = try ask(world, [("traceparent", Self.parent), ("tracestate", Self.state)])
                let request = try await one(recorder)
                #expect(recorder.requests.count == 1)
                #expect(request.place.traceID == (try place(Self.parent)).traceID)
                #expect(request.parent == (try place(Self.parent)).spanID)
                #expect(try traced.parents.map(place) == [try upstreamPlace(of: request)])
                #expect(traced.states == [Self.state])
            }
        }

        @Test("from anybody else the trace goes on when the lot falls on it", arguments: [false, true])
        func untrusted(overHTTP2: Bool) async throws {
            try await run(ratio: 1) { world, recorder in
                for (count, parent) in [Self.parent, Self.unsampled].enumerated() {
                    let fields = [("traceparent", parent), ("tracestate", Self.state)]
                    let seen = try ask(world, fields, overHTTP2: overHTTP2)
                    let request = try await one(recorder, after: count)
                    #expect(request.parent == (try place(parent)).spanID)
                    #expect(try seen.parents.map(place) == [try upstreamPlace(of: request)])
                    #expect(try place(seen.parents[0]).traceID == place(parent).traceID)
                    #expect(seen.states == [Self.state])
                }
            }
        }

        @Test(
            "without a place that can be read a trace begins, and tracestate of another does not go with it",
            arguments: [
                [], [("tracestate", state)], [("traceparent", "00-x"), ("tracestate", state)],
                [("traceparent", parent), ("traceparent", parent), ("tracestate", state)],
                [("traceparent", parent), ("Connection", "traceparent"), ("TraceState", state)],
            ] as [[(String, String)]], [false, true])
        func begun(fields: [(String, String)], isTrusted: Bool) async throws {
            try await run(ratio: 1, isTrusted: isTrusted) { world, recorder in
                let seen = try ask(world, fields)
                let request = try await one(recorder)
                #expect(request.parent == nil)
                #expect(request.place.traceID != (try place(Self.parent)).traceID)
                #expect(try seen.parents.map(place) == [try upstreamPlace(of: request)])
                #expect(seen.states.isEmpty)
            }
        }

        @Test("what is measured lies within the request, in its order")
        func measured() async throws {
            try await run(ratio: 1) { world, recorder in
                let client = try world.client()
                try client.send("GET /api/x?a=b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-bob\r\n\r\n")
                await eventually("held") { !world.desk.state.held.isEmpty }
                world.desk.release()
                #expect(try client.readResponse().status == 200)
                let request = try await one(recorder)
                #expect(request.route == "api" && request.method == .get && request.status == 200)
                #expect("\(request.outcome)" == "ok" && request.denyList == nil)
                let verification = try #require(request.verification)
                let call = try #require(request.upstream)
                let end = try #require(request.interval.end)
                #expect(request.interval.start <= verification.start)
                #expect(verification.start < (try #require(verification.end)))
                #expect(try #require(verification.end) <= call.interval.start)
                #expect(call.interval.start <= (try #require(call.answeredAt)))
                #expect(try #require(call.answeredAt) <= (try #require(call.interval.end)))
                #expect(try #require(call.interval.end) <= end)
                #expect(call.name == "backend" && call.status == 200 && call.sendCount == 1)
                #expect(request.spanCount == 3)
            }
        }

        @Test("refusals, unknown paths, the control plane and upstreams that are away are traced, too")
        func others() async throws {
            try await run(ratio: 1) { world, recorder in
                var count = 0
                func trace(_ line: String, _ fields: String = "") async throws -> TracedRequest {
                    _ = try world.ask("\(line) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
                    defer { count += 1 }
                    return try await one(recorder, after: count)
                }
                let refused = try await trace("GET /api/x", "Authorization: Bearer bad\r\n")
                #expect(refused.status == 401 && "\(refused.outcome)" == "invalid_token" && refused.upstream == nil)
                #expect(refused.verification?.end != nil)
                let lost = try await trace("GET /nowhere")
                #expect(lost.status == 404 && lost.route == nil && lost.spanCount == 1)
                let own = try await trace("GET /control")
                #expect(own.route == "control" && own.upstream == nil)
                #expect(world.controlPlane.requests.first?.trace == own.place)
                let dead = try await trace("GET /dead")
                #expect(dead.status == 502 && dead.upstream?.status == nil && dead.upstream?.sendCount == 0)
                let odd = try await trace("BREW /public")
                #expect(odd.method == .other)
            }
        }

        @Test("a request that is sent again is one span, which the upstream hears of each time")
        func retried() async throws {
            try await run(ratio: 1, retries: 1) { world, recorder in
                world.backend.onRequest { request, responder in
                    if request.connection == 0 { responder.close() } else { responder.answer() }
                }
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                let call = try #require(try await one(recorder).upstream)
                #expect(call.sendCount == 2 && call.status == 200)
                let heard = world.backend.requests.flatMap { $0.all("traceparent") }
                #expect(heard.count == 2 && Set(heard).count == 1)
            }
        }

        @Test("a client that leaves early, and requests on one connection, leave a trace each")
        func connections() async throws {
            try await run(ratio: 1) { world, recorder in
                world.backend.onRequest { request, responder in
                    if !request.startLine.contains("hold") { responder.answer() }
                }
                let client = try world.client()
                for _ in 0..<3 { try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n") }
                for _ in 0..<3 { #expect(try client.readResponse().status == 200) }
                try client.send("GET /public/hold HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("held") { world.backend.requests.count == 4 }
                client.reset()
                await eventually("all") { recorder.requests.count == 4 }
                #expect(Set(recorder.requests.map(\.place.traceID)).count == 4)
                #expect(recorder.requests.map(\.status) == [200, 200, 200, 499])
            }
        }

        @Test("a WebSocket is one span from its handshake to its end")
        func tunnel() async throws {
            try await run(ratio: 1) { world, recorder in
                WebSocketTests.agree(world)
                let client = try WebSocketTests.open(world)
                let heard = try #require(world.backend.requests.first?.all("traceparent"))
                #expect(recorder.requests.isEmpty)
                client.reset()
                let request = try await one(recorder)
                #expect(request.status == 101 && request.upstream?.status == 101)
                #expect(try heard.map(place) == [try upstreamPlace(of: request)])
            }
        }

        @Test("a limited number waits to be handed over, and the rest is counted")
        func bound() throws {
            let recorder = TraceRecorder()
            let tracing = LoopTracing(TracingSettings(sampleRatio: 1, collector: recorder))
            let trace = try #require(
                tracing.begin(RequestHead(), .init(start: nil, count: 0), isTrusted: false, start: .now()))
            trace.upstreamBegan()
            let request = trace.finished(
                method: .get, route: nil, upstreamName: "a", status: 200, outcome: "ok")
            for _ in 0..<(LoopTracing.requestLimit + 3) { tracing.append(request) }
            #expect(recorder.requests.isEmpty)
            tracing.flush()
            #expect(recorder.requests.count == LoopTracing.requestLimit && recorder.droppedSpanCount == 6)
            tracing.append(request)
            tracing.flush()
            #expect(recorder.requests.count == LoopTracing.requestLimit + 1 && recorder.droppedSpanCount == 6)
        }

        private func place(_ text: String) throws -> TraceParent {
            try #require(Array(text.utf8).withUnsafeBytes { TraceParent($0) })
        }

        /// What the upstream of a traced request must have heard.
        private func upstreamPlace(of request: TracedRequest) throws -> TraceParent {
            let call = try #require(request.upstream)
            #expect(call.spanID != request.place.spanID)
            return TraceParent(traceID: request.place.traceID, spanID: call.spanID, isSampled: true)
        }
    }
}
