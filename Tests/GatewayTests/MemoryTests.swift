import Foundation
import Synchronization
import TestSupport
import Testing

enum MemoryFigures {
    /// Whether they say anything: a sanitizer keeps books of its own on memory, and freed memory from being used again.
    @Sendable static func areMeasurable() -> Bool {
        let environment = ProcessInfo.processInfo.environment
        let isSanitized = environment["TSAN_OPTIONS"] != nil || environment["ASAN_OPTIONS"] != nil
        if isSanitized { print("SKIPPED: memory is not measured under a sanitizer") }
        return !isSanitized
    }
}

extension GatewayTests {
    @Suite("memory and descriptors of the serving process", .enabled("no sanitizer", MemoryFigures.areMeasurable))
    struct MemoryTests {
        private func serve(_ backend: BulkBackend) async throws -> ServingProcess {
            var settings = GatewaySettings()
            settings.tokens = nil
            settings.limits = "shutdown_grace: 0, body: 8GiB"
            settings.upstream = "response_timeout: 2m"
            settings.sections = ["access_log: false"]
            return try await ServingProcess(settings, backendPort: backend.port)
        }

        private func stop(_ gateway: ServingProcess, _ backend: BulkBackend) async {
            backend.stop()
            gateway.run.signal(SIGTERM)
            #expect(await gateway.run.end() == 0)
        }

        @Sendable private static func download(_ count: Int, port: Int) throws {
            let client = try BlockingSocket(port: port)
            try client.send("GET /public/\(count) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.receiveHead().hasPrefix("HTTP/1.1 200 "))
            #expect(try client.skip(count: count) == count)
        }

        @Sendable private static func upload(_ count: Int, port: Int) throws {
            let client = try BlockingSocket(port: port)
            try client.send("POST /public/up HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n")
            try client.send(count: count)
            #expect(try client.receiveHead().hasPrefix("HTTP/1.1 200 "))
            #expect(try String(decoding: client.receive(), as: UTF8.self) == "\(count)")
        }

        @Test("a body of any size takes no more memory than a small one, in both directions")
        func bulk() async throws {
            // A debug build is slow; bench/load moves a gibibyte each way.
            let total = 48 << 20
            let backend = try BulkBackend()
            let gateway = try await serve(backend)
            let port = gateway.port
            try await onThread {
                try Self.download(4 << 20, port: port)
                try Self.upload(4 << 20, port: port)
            }
            gateway.figures.forgetPeak()
            let before = try #require(gateway.figures.peakByteCount)
            try await onThread { try Self.download(total, port: port) }
            try await onThread { try Self.upload(total, port: port) }
            let after = try #require(gateway.figures.peakByteCount)
            #expect(after - before < 4 << 20, "\(before >> 10) KiB before, \(after >> 10) KiB at most")
            await stop(gateway, backend)
        }

        @Test("a stalled exchange holds what was read once and no more", arguments: ["a client", "a backend"])
        func stalled(who: String) async throws {
            let count = 40
            let backend = try BulkBackend()
            let gateway = try await serve(backend)
            let port = gateway.port
            try await onThread { try Self.download(1 << 20, port: port) }
            let before = try #require(gateway.figures.residentByteCount)
            let taken = Counter()
            var clients: [BlockingSocket] = []
            for _ in 0..<count {
                let client = try BlockingSocket(port: port)
                clients.append(client)
                if who == "a client" {
                    try client.send("GET /public/\(8 << 30) HTTP/1.1\r\nHost: a\r\n\r\n")
                } else {
                    try client.send("POST /public/stall HTTP/1.1\r\nHost: a\r\nContent-Length: \(8 << 30)\r\n\r\n")
                    Thread.detachNewThread {
                        let piece = [UInt8](repeating: 0x61, count: 64 << 10)
                        while (try? client.send(piece)) != nil { taken.add(piece.count) }
                    }
                }
            }
            // All is stalled when nothing has moved for a second.
            var last = -1
            var quietSince = ContinuousClock.now
            let isStalled = await eventually(within: .seconds(60)) {
                let moved = backend.sentByteCount + taken.value
                if moved != last || moved < count {
                    last = moved
                    quietSince = .now
                }
                return ContinuousClock.now - quietSince > .seconds(1)
            }
            #expect(isStalled)
            let after = try #require(gateway.figures.residentByteCount)
            // One read each way is 64 KiB; the rest is what an exchange costs in a debug build, and leeway.
            #expect((after - before) / count < 100 << 10, "\((after - before) / count >> 10) KiB for each")
            // Nor has the kernel more for it than it was allowed, and what it takes in one go.
            // A look may miss some of thousands of connections, which come and go meanwhile.
            var queued = 0
            _ = await eventually(within: .seconds(20)) {
                let found =
                    who == "a client"
                    ? SendQueue.largestByteCount(localPort: port) : SendQueue.largestByteCount(remotePort: backend.port)
                queued = max(queued, found)
                return queued > 0
            }
            #expect(queued > 0 && queued <= 256 << 10, "\(queued >> 10) KiB in the kernel")
            for client in clients { client.shutDown() }
            await stop(gateway, backend)
        }

        @Test("clients that connect and reset, or leave in the midst of things, leave no descriptor behind")
        func churn() async throws {
            let backend = try BulkBackend()
            let gateway = try await serve(backend)
            let port = gateway.port
            try await onThread { try Self.download(1000, port: port) }
            let before = gateway.figures.descriptorCount
            try await onThread {
                let beginnings = [
                    "", "GE", "GET /public/1000 HTTP/1.1\r\nHost: a\r\n",
                    "GET /public/1000 HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /public/100000000 HTTP/1.1\r\nHost: a\r\n\r\n",
                    "POST /public/up HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
                    "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /public/1", "\r\n\r\n\r\n",
                ]
                for round in 0..<100 {
                    for beginning in beginnings {
                        let client = try BlockingSocket(port: port)
                        try? client.send(beginning)
                        if round.isMultiple(of: 2) { client.reset() }
                    }
                    // Who only ends its own side is owed the answer, so from this one it must be a reset.
                    let waiting = try BlockingSocket(port: port)
                    try waiting.send("POST /public/stall HTTP/1.1\r\nHost: a\r\n\r\n")
                    waiting.reset()
                }
            }
            // Idle connections to the backend are kept, and every other goes.
            let isClean = await eventually(within: .seconds(30)) { gateway.figures.descriptorCount <= before + 8 }
            #expect(isClean, "\(before) before, \(gateway.figures.descriptorCount) after")
            await stop(gateway, backend)
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        var value: Int { count.load(ordering: .relaxed) }
        func add(_ more: Int) { count.add(more, ordering: .relaxed) }
    }
}
