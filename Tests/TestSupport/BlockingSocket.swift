import Foundation
import Glibc

/// A TCP connection on loopback for moving much at little cost; to be used from one thread at a time, which it blocks.
package final class BlockingSocket: Sendable {
    /// What went wrong.
    package struct Failure: Error {
        /// What was being done.
        package let action: String
        /// The number of the system's error.
        package let errorNumber: Int32
    }

    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    }

    /// Connects to a port.
    package convenience init(port: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(action: "socket", errorNumber: errno) }
        let outcome = withLoopback(port) { connect(descriptor, $0, $1) }
        guard outcome == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw Failure(action: "connect", errorNumber: number)
        }
        self.init(descriptor: descriptor)
    }

    deinit { Glibc.close(descriptor) }

    /// Sends text.
    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends bytes.
    package func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
                if count > 0 {
                    offset += count
                } else if errno != EINTR {
                    throw Failure(action: "send", errorNumber: errno)
                }
            }
        }
    }

    /// Sends this many bytes of no meaning.
    package func send(count: Int) throws {
        let piece = [UInt8](repeating: 0x61, count: 256 << 10)
        var left = count
        while left > 0 {
            if left >= piece.count { try send(piece) } else { try send(Array(piece.prefix(left))) }
            left -= min(left, piece.count)
        }
    }

    /// Reads what there is, at most so many bytes; empty at the end.
    package func receive(_ limit: Int = 256 << 10) throws -> [UInt8] {
        let bytes = try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = try receive(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return bytes
    }

    /// Reads this many bytes and throws them away.
    /// - Returns: how many came before the end.
    package func skip(count: Int) throws -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var left = count
        while left > 0 {
            let count = try receive(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)]))
            if count == 0 { break }
            left -= count
        }
        return count - left
    }

    /// Reads up to and with the empty line after a head, byte by byte.
    package func receiveHead() throws -> String {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let byte = try receive(1)
            if byte.isEmpty { break }
            head += byte
        }
        return String(decoding: head, as: UTF8.self)
    }

    /// Ends both directions; whoever is blocked in a call returns.
    package func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Has the connection reset when it is let go of.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            if errno != EINTR { throw Failure(action: "recv", errorNumber: errno) }
        }
    }
}

func withLoopback<Result>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

/// Runs blocking work on a thread of its own, so that it blocks nobody else.
package func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result(catching: work)) }
        thread.stackSize = 512 << 10
        thread.start()
    }
}
