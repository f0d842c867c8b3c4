import Foundation
import HTTP1
import NIOCore
import TestSupport
import Testing

@testable import Proxy

@Suite("The access log")
struct AccessLogTests {
    private func lines(_ write: (AccessLog) -> Void) async throws -> [[String: Any]] {
        let output = try OutputFile()
        let writer = AccessLogWriter(descriptor: output.handle.fileDescriptor)
        let log = AccessLog(writer: writer)
        write(log)
        log.flush()
        await writer.shutdown()
        let data = try output.content()
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
        }
    }

    @Test("a full disk costs lines, which are counted, and neither stops nor holds up the writer")
    func fullDisk() async throws {
        let full = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
        let writer = AccessLogWriter(descriptor: full.fileDescriptor)
        for _ in 0..<3 { writer.write(ByteBuffer(string: "{}\n{}\n")) }
        await writer.shutdown()
        #expect(writer.droppedLineCount == 6)
    }

    @Test("each line is valid JSON, whatever the route is called")
    func validJSON() async throws {
        let labels = ["plain", "quote\"", "back\\slash", "line\nend\u{1}", "é/λ", ""]
        let parsed = try await lines { log in
            for label in labels {
                log.append(
                    .init(
                        requestID: RequestID(high: 1, low: 2), route: label, method: .get, status: 200, reason: "ok",
                        durationNanoseconds: 1_234_567, upstreamNanoseconds: 1_000, subject: "s"),
                    nowMilliseconds: 1_700_000_000_123)
            }
        }
        #expect(
            parsed.compactMap { $0["route"] as? String } == ["plain", "quote\"", "back\\slash", "line?end?", "é/λ", ""])
        #expect(parsed[0]["timestamp"] as? String == "2023-11-14T22:13:20.123Z")
        #expect(parsed[0]["severity"] as? String == "INFO")
        #expect(parsed[0]["message"] as? String == "request")
        #expect(parsed[0]["request_id"] as? String == "00000000000000010000000000000002")
        #expect(parsed[0]["method"] as? String == "GET")
        #expect(parsed[0]["status"] as? Int == 200)
        #expect(parsed[0]["reason"] as? String == "ok")
        #expect(parsed[0]["duration_ms"] as? Double == 1.234)
        #expect(parsed[0]["upstream_ms"] as? Double == 0.001)
        #expect(parsed[0]["subject"] as? String == "s")
    }

    @Test("an unknown method is not written out, and a time that ran backwards is zero")
    func oddities() async throws {
        let parsed = try await lines { log in
            log.append(
                .init(
                    requestID: RequestID(high: 0, low: 0), route: "-", method: .other, status: 400,
                    reason: "malformed_request", durationNanoseconds: -5, upstreamNanoseconds: nil, subject: nil),
                nowMilliseconds: 0)
        }
        #expect(parsed[0]["method"] as? String == "OTHER")
        #expect(parsed[0]["duration_ms"] as? Double == 0)
        #expect(parsed[0]["upstream_ms"] == nil && parsed[0]["subject"] == nil)
    }

    @Test("what waits for a reader that has stopped takes memory for its lines, not for whole batches")
    func fewLinesAtATime() async throws {
        let pipe = Pipe()
        let writer = AccessLogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let log = AccessLog(writer: writer)
        func append() {
            log.append(
                .init(
                    requestID: RequestID(high: 1, low: 2), route: "r", method: .get, status: 200, reason: "ok",
                    durationNanoseconds: 1, upstreamNanoseconds: nil, subject: nil),
                nowMilliseconds: 1_700_000_000_000)
        }
        // Some 200 bytes a line, in 256: far from the limit, which as many batches of 64 KiB would exceed.
        for _ in 0..<4_000 {
            append()
            log.flush()
        }
        #expect(writer.droppedLineCount == 0)
        // Whole batches count with all that they take, so that the limit is one of memory.
        for _ in 0..<40_000 { append() }
        #expect(writer.droppedLineCount > 0)
        let reader = pipe.fileHandleForReading
        Thread { while !reader.availableData.isEmpty {} }.start()
        await writer.shutdown()
        try pipe.fileHandleForWriting.close()
    }

    @Test("the longest line there can be is written whole")
    func longest() async throws {
        let identifier = String(repeating: "i", count: 128)
        let route = String(repeating: "\"", count: 5_000)
        let subject = String(repeating: "s", count: 5_000)
        var bytes = identifier
        let requestID = try #require(bytes.withUTF8 { RequestID(given: UnsafeRawBufferPointer($0)) })
        let parsed = try await lines { log in
            log.append(
                .init(
                    requestID: requestID, route: route, method: .options, status: .max,
                    reason: "temporarily_unavailable", durationNanoseconds: .max, upstreamNanoseconds: .max,
                    subject: subject),
                nowMilliseconds: 253_402_300_799_999)
        }
        #expect(parsed.count == 1)
        #expect(parsed[0]["request_id"] as? String == identifier)
        #expect(parsed[0]["route"] as? String == route)
        #expect(parsed[0]["subject"] as? String == subject)
        #expect(parsed[0]["timestamp"] as? String == "9999-12-31T23:59:59.999Z")
    }

    @Test("a line that has too little memory ends where the memory does")
    func littleMemory() {
        withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { memory in
            var line = LineWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<4]))
            memory.initializeMemory(as: UInt8.self, repeating: 0xaa)
            line.write("abc")
            line.write("de")
            line.write(bigEndian: 1)
            line.write(byte: UInt8(ascii: "x"))
            line.write(decimal: 123)
            #expect(line.count == 4)
            #expect(Array(memory) == Array("abcx".utf8) + [0xaa, 0xaa, 0xaa, 0xaa])
        }
    }

    @Test("many lines come out whole and in order")
    func many() async throws {
        let parsed = try await lines { log in
            for number in 0..<300 {
                log.append(
                    .init(
                        requestID: RequestID(high: 0, low: UInt64(number)), route: "r", method: .post, status: number,
                        reason: "ok", durationNanoseconds: 0, upstreamNanoseconds: nil, subject: nil),
                    nowMilliseconds: Int64(number) * 250)
            }
        }
        #expect(parsed.compactMap { $0["status"] as? Int } == Array(0..<300))
    }
}
