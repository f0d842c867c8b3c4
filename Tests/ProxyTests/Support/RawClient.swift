import Glibc
import NIOCore

/// A client that says exactly the bytes it is given.
///
/// Calls block, each with a deadline.
final class RawClient {
    enum Failure: Error, Equatable { case deadline, cannotConnect, connectionLost, malformed(String) }

    private let descriptor: Int32
    private var received: [UInt8] = []
    private var isOpen = true
    /// How long a call may wait, in milliseconds.
    var patienceMilliseconds = 10_000

    init(port: Int, receiveBufferBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        let outcome = address.withSockAddr { [descriptor] in connect(descriptor, $0, socklen_t($1)) }
        guard outcome == 0 else {
            Glibc.close(descriptor)
            isOpen = false
            throw Failure.cannotConnect
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            try wait(for: Int16(POLLOUT))
            let count = Self.sendOnce(bytes[offset...], to: descriptor)
            if count > 0 {
                offset += count
            } else if errno != EAGAIN && errno != EINTR {
                throw Failure.connectionLost
            }
        }
    }

    /// Sends as much as the other side takes until it takes nothing for a while.
    ///
    /// - Returns: how many bytes it took.
    func sendUntilBlocked(_ piece: [UInt8], limit: Int, quietMilliseconds: Int32) -> Int {
        var total = 0
        var offset = 0
        while total < limit {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&entry, 1, quietMilliseconds) <= 0 { break }
            let count = Self.sendOnce(piece[offset...], to: descriptor)
            if count > 0 {
                total += count
                offset = (offset + count) % piece.count
            } else if errno != EAGAIN && errno != EINTR {
                break
            }
        }
        return total
    }

    private static func sendOnce(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    /// Ends the sending side only.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// Everything up to the end of the connection; a reset counts as an end.
    func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { received = [] }
        return received
    }

    // The next answer, interim ones included; a `HEAD` request's has no body.
    func readResponse(isHead: Bool = false) throws -> RawResponse {
        while true {
            if let (response, count) = try RawResponse.parse(received, isHead: isHead, atEnd: false) {
                received.removeFirst(count)
                return response
            }
            if try !fill() {
                guard let (response, count) = try RawResponse.parse(received, isHead: isHead, atEnd: true) else {
                    throw Failure.connectionLost
                }
                received.removeFirst(count)
                return response
            }
        }
    }

    /// Waits for bytes that stand at the front of what is received, and takes them off.
    func read(count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try fill() else { throw Failure.connectionLost }
        }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// Waits for bytes that end with a text, and takes them off.
    func read(until text: String) throws -> String {
        let wanted = Array(text.utf8)
        while received.firstRange(of: wanted) == nil {
            guard try fill() else { throw Failure.connectionLost }
        }
        let end = received.firstRange(of: wanted)?.upperBound ?? 0
        return String(decoding: try read(count: end), as: UTF8.self)
    }

    /// Whether the connection ends without another byte.
    func endsNow() throws -> Bool {
        while received.isEmpty {
            if try !fill() { return true }
        }
        return false
    }

    private func fill() throws -> Bool {
        try wait(for: Int16(POLLIN))
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        received += buffer.prefix(count)
        return true
    }

    private func wait(for events: Int16) throws {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        let end = ContinuousClock.now + .milliseconds(patienceMilliseconds)
        while poll(&entry, 1, 100) <= 0 {
            if ContinuousClock.now >= end { throw Failure.deadline }
        }
    }
}
