import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import Proxy
import Synchronization
import Testing
import Tracing

@testable import Gateway

@Suite("What exports traces")
struct TracingPartsTests {
    private struct Secretive: Error, CustomStringConvertible {
        var description: String { "hidden" }
    }

    private static let traceID = TraceID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    private static let spanID = SpanID(bits: 0x1)

    private func place(isSampled: Bool = true) throws -> TraceParent {
        TraceParent(
            traceID: try #require(Self.traceID), spanID: try #require(Self.spanID), isSampled: isSampled)
    }

    private func context(isSampled: Bool = true) throws -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        context.place = try place(isSampled: isSampled)
        return context
    }

    private func span() throws -> FinishedSpan {
        FinishedSpan(
            traceID: try #require(Self.traceID), spanID: try #require(SpanID(bits: 0xff)), parent: Self.spanID,
            name: "a \"b\"\n", kind: .client, startNanoseconds: 1_700_000_000_123_456_789,
            endNanoseconds: .max, attributes: [("n", .integer(-5)), ("s", .string("é"))],
            events: [.init(name: "e", nanoseconds: 7)], isError: true)
    }

    @Test("the document is OTLP's JSON: hexadecimal identifiers, 64-bit numbers as strings, enumerations as numbers")
    func document() throws {
        var child = try span()
        child.parent = nil
        child.isError = false
        child.events = []
        let text = String(
            decoding: TraceDocument(serviceName: "edge", version: "1.2").bytes([try span(), child]), as: UTF8.self)
        let attributes =
            #"[{"key":"n","value":{"intValue":"-5"}},{"key":"s","value":{"stringValue":"é"}}]"#
        let ids = #""traceId":"0123456789abcdeffedcba9876543210","spanId":"00000000000000ff""#
        let times =
            #""startTimeUnixNano":"1700000000123456789","endTimeUnixNano":"18446744073709551615""#
        let name = #""name":"a \"b\"\u000a","kind":3,\#(times),"attributes":\#(attributes)"#
        let events = #""events":[{"timeUnixNano":"7","name":"e","attributes":[]}]"#
        let resource =
            #"{"attributes":[{"key":"service.name","value":{"stringValue":"edge"}},"#
            + #"{"key":"service.version","value":{"stringValue":"1.2"}}]}"#
        #expect(
            text == #"{"resourceSpans":[{"resource":\#(resource),"scopeSpans":[{"scope":"#
                + #"{"name":"portcullis","version":"1.2"},"spans":[{\#(ids),"parentSpanId":"0000000000000001",\#(name),"#
                + #"\#(events),"status":{"code":2}},{\#(ids),\#(name),"status":{}}]}]}]}"#)
    }

    @Test("spans of the control plane are kept below a traced request, with the attributes that are known")
    func recorded() throws {
        let queue = SpanQueue {}
        let tracer = GatewayTracer(queue: queue)
        let traced = try context()
        let span = tracer.startSpan("a", context: traced, ofKind: .client)
        #expect(span.isRecording)
        span.attributes["http.request.method"] = "GET"
        span.attributes["http.status_code"] = 204
        span.attributes["url.query"] = "hidden"
        span.attributes["url.full"] = "http://hidden"
        span.operationName = "b"
        span.addEvent(SpanEvent(name: "e", at: DefaultTracerClock.now, attributes: ["x": "hidden"]))
        span.recordError(Secretive(), attributes: ["x": "hidden"])
        span.setStatus(SpanStatus(code: .error, message: "hidden"))
        span.end()
        span.end()
        #expect(!span.isRecording)
        let ended = queue.takeAll().spans
        #expect(ended.count == 1)
        let kept = try #require(ended.first)
        #expect(kept.name == "b" && kept.kind == .client && kept.parent == Self.spanID && kept.isError)
        #expect(kept.traceID == Self.traceID && kept.spanID == span.context.place?.spanID)
        #expect(kept.startNanoseconds <= kept.endNanoseconds)
        let text = String(decoding: TraceDocument(serviceName: "s", version: "v").bytes(ended), as: UTF8.self)
        #expect(!text.contains("hidden"))
        #expect(text.contains("Secretive") && text.contains("204"))
        #expect(kept.attributes.map(\.name) == ["http.request.method", "http.response.status_code"])
    }

    @Test("outside a traced request nothing is recorded, and nobody is told")
    func unrecorded() throws {
        let queue = SpanQueue {}
        let tracer = GatewayTracer(queue: queue)
        for context in [InstrumentationContext.topLevel, try context(isSampled: false)] {
            let span = tracer.startSpan("a", context: context)
            #expect(!span.isRecording)
            span.end()
            tracer.withSpan("b", context: span.context) { _ in }
        }
        #expect(queue.takeAll().spans.isEmpty && queue.droppedSpanCount == 0)
        var carrier: [String: String] = [:]
        tracer.inject(.topLevel, into: &carrier, using: DictionaryInjector())
        #expect(carrier.isEmpty)
        tracer.inject(try context(), into: &carrier, using: DictionaryInjector())
        #expect(carrier == ["traceparent": "00-0123456789abcdeffedcba9876543210-0000000000000001-01"])
    }

    @Test("spans within spans are children of one another")
    func nested() async throws {
        let queue = SpanQueue {}
        let tracer = GatewayTracer(queue: queue)
        let traced = try context()
        await tracer.withSpan("outer", context: traced) { _ in
            await tracer.withSpan("inner") { _ in await Task.yield() }
        }
        let ended = queue.takeAll().spans
        #expect(ended.map(\.name) == ["inner", "outer"])
        #expect(ended.first?.parent == ended.last?.spanID && ended.last?.parent == Self.spanID)
    }

    @Test("the queue is bounded, tells when there is a batch, and counts what it loses")
    func queue() throws {
        let wakes = Mutex(0)
        let queue = SpanQueue { wakes.withLock { $0 += 1 } }
        let span = try span()
        for _ in 1..<SpanQueue.batchSpanCount { queue.add(span) }
        #expect(wakes.withLock { $0 } == 0)
        queue.add(span)
        #expect(wakes.withLock { $0 } == 1)
        for _ in SpanQueue.batchSpanCount..<SpanQueue.spanLimit { queue.add(span) }
        #expect(queue.droppedSpanCount == 0)
        queue.add(span)
        queue.collect([], droppedSpanCount: 4)
        queue.drop(2)
        #expect(queue.droppedSpanCount == 7)
        #expect(queue.takeAll().spans.count == SpanQueue.spanLimit)
        queue.add(span)
        queue.close()
        queue.add(span)
        #expect(queue.takeAll().spans.isEmpty)
        #expect(queue.droppedSpanCount == 9)
    }

    @Test("a collector that answers otherwise, late or never has not taken a batch")
    func collectors() async throws {
        func outcome(_ answer: IdentityStub.Answer) async throws -> Result<Int, TraceCollectorClient.Failure> {
            let stub = try await IdentityStub { _ in answer }
            let client = TraceCollectorClient(
                url: "http://127.0.0.1:\(stub.port)/v1/traces", group: MultiThreadedEventLoopGroup.singleton,
                timeout: .milliseconds(500))
            let result: Result<Int, TraceCollectorClient.Failure>
            do throws(TraceCollectorClient.Failure) {
                result = .success(try await client.post(Array("{}".utf8)))
            } catch {
                result = .failure(error)
            }
            #expect(stub.received == ["{}"])
            await client.shutdown()
            await stub.stop()
            return result
        }
        #expect(try await outcome(.body(status: 200, "{}")) == .success(0))
        #expect(try await outcome(.body(status: 202, "not JSON")) == .success(0))
        let partial = #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}}"#
        #expect(try await outcome(.body(status: 200, partial)) == .success(3))
        #expect(try await outcome(.body(status: 200, #"{"partialSuccess":{"rejectedSpans":4}}"#)) == .success(4))
        #expect(try await outcome(.body(status: 200, #"{"partialSuccess":{"rejectedSpans":"-1"}}"#)) == .success(0))
        #expect(try await outcome(.body(status: 503, "{}")) == .failure(.status(503)))
        #expect(try await outcome(.redirect("http://127.0.0.1:1/")) == .failure(.status(307)))
        #expect(try await outcome(.silence) == .failure(.timedOut))
        #expect(try await outcome(.drip) == .failure(.timedOut))
    }

    @Test("a batch that is refused is lost, and those behind it are sent")
    func refusedBatch() async throws {
        let isFirst = Atomic(true)
        let stub = try await IdentityStub { _ in
            .body(status: isFirst.exchange(false, ordering: .relaxed) ? 503 : 200, "{}")
        }
        let exporter = SpanExporter(
            document: TraceDocument(serviceName: "s", version: "v"),
            collector: TraceCollectorClient(
                url: "http://127.0.0.1:\(stub.port)/", group: MultiThreadedEventLoopGroup.singleton),
            interval: .seconds(600), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let span = try span()
        for _ in 0..<(2 * SpanQueue.batchSpanCount + 1) { exporter.queue.add(span) }
        await exporter.shutdown(within: .seconds(20))
        let sent = try stub.received.map { try ExportedSpan.read(Array($0.utf8), service: "s").count }
        #expect(sent.first == SpanQueue.batchSpanCount && sent.reduce(0, +) == 2 * SpanQueue.batchSpanCount + 1)
        #expect(exporter.queue.droppedSpanCount == UInt64(SpanQueue.batchSpanCount))
        await stub.stop()
    }

    private static func load(_ tracing: String) throws -> Configuration {
        let text = """
            version: 1
            upstreams: {api: {targets: ["http://127.0.0.1:9000"]}}
            routes: [{path: /, upstream: api, auth: none}]
            \(tracing)
            """
        return try ConfigurationLoader.load(bytes: Array(text.utf8), path: "/a.yaml", environment: [:])
    }

    @Test("headers that go to the collector in clear are warned of")
    func headersInClear() throws {
        for (tracing, isWarned) in [
            ("endpoint: \"http://a/b\", headers: {api-key: x}", true), ("endpoint: \"http://a/b\"", false),
            ("endpoint: \"https://a/b\", headers: {api-key: x}", false),
        ] {
            let warnings = Gateway.warnings(try Self.load("tracing: {\(tracing)}"))
            #expect(warnings.contains { $0.contains("in clear") } == isWarned, "\(warnings)")
            #expect(!warnings.contains { $0.contains("api-key") })
        }
    }

    @Test("tracing is taken up by a restart only")
    func restart() throws {
        let load = Self.load
        let (off, on) = (try load(""), try load("tracing: {endpoint: \"http://a/b\"}"))
        for (old, new) in [(off, on), (on, off), (on, try load("tracing: {endpoint: \"http://a/c\"}"))] {
            var taken = new
            #expect(RestartSettings(started: old).keep(in: &taken) == ["tracing"])
            #expect(taken == old)
        }
        var same = on
        #expect(RestartSettings(started: on).keep(in: &same) == [])
    }
}

private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }
}
