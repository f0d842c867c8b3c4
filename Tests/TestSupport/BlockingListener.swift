import Glibc

/// Listens on a free loopback port for connections that are served by blocking calls.
package final class BlockingListener: Sendable {
    /// The port it listens on.
    package let port: Int
    private let descriptor: Int32

    /// Starts to listen.
    /// - Throws: ``BlockingSocket/Failure``.
    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard descriptor >= 0, withLoopback(0, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1024) == 0 else {
            throw BlockingSocket.Failure(action: "listen", errorNumber: errno)
        }
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Waits for the next connection.
    /// - Parameter seconds: How long at most; `nil` for as long as it listens.
    /// - Returns: The connection.
    /// - Throws: ``BlockingSocket/Failure`` when none comes, or it no longer listens.
    package func accept(within seconds: Int? = nil) throws -> BlockingSocket {
        var patience = timeval(tv_sec: seconds ?? 0, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { throw BlockingSocket.Failure(action: "accept", errorNumber: errno) }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return BlockingSocket(descriptor: connection)
    }

    /// Listens no longer; whoever waits for a connection is told.
    package func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
