import Foundation
import Glibc
import Synchronization

/// A backend for bodies too large to keep: one thread per connection, which holds next to nothing.
///
/// `GET /…/<count>` is answered with that many bytes; any other request once its body, whose length must be given, is read.
/// `/…/stall` reads no body and answers nothing until ``stop()``.
package final class BulkBackend: Sendable {
    /// The port it listens on.
    package var port: Int { listener.port }
    private let listener: BlockingListener
    private let sentBytes = Atomic<Int>(0)
    private let state = Mutex(State())

    private struct State {
        var connections: [BlockingSocket] = []
        var stalled = 0
        var isStopped = false
    }

    /// Starts one.
    package init() throws {
        listener = try BlockingListener()
        Self.start { [self] in accept() }
    }

    /// How many bytes of bodies the kernel has taken from it.
    package var sentByteCount: Int { sentBytes.load(ordering: .relaxed) }

    /// How many requests it has stalled.
    package var stalledCount: Int { state.withLock { $0.stalled } }

    /// Ends it and its connections.
    package func stop() {
        listener.shutDown()
        let connections = state.withLock { state in
            state.isStopped = true
            return state.connections
        }
        for connection in connections { connection.shutDown() }
    }

    private static func start(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.stackSize = 512 << 10
        thread.start()
    }

    private func accept() {
        while let connection = try? listener.accept() {
            state.withLock { $0.connections.append(connection) }
            Self.start { [self] in
                try? serve(connection)
                connection.shutDown()
            }
        }
    }

    private func serve(_ connection: BlockingSocket) throws {
        while true {
            let head = try connection.receiveHead()
            let target = head.split(separator: " ").dropFirst().first ?? ""
            if target.isEmpty { return }
            if target.hasSuffix("/stall") {
                state.withLock { $0.stalled += 1 }
                while state.withLock({ !$0.isStopped }) { usleep(20_000) }
                return
            }
            if let count = target.split(separator: "/").last.flatMap({ Int($0) }) {
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
                try send(count, over: connection)
                continue
            }
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            let length = line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
            let text = "\(try connection.skip(count: length))"
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
    }

    private func send(_ count: Int, over connection: BlockingSocket) throws {
        let piece = [UInt8](repeating: 0x61, count: 64 << 10)
        var left = count
        while left > 0 {
            try connection.send(left >= piece.count ? piece : Array(piece.prefix(left)))
            sentBytes.add(min(left, piece.count), ordering: .relaxed)
            left -= min(left, piece.count)
        }
    }
}
