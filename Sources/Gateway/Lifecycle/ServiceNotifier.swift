import Foundation

/// Tells the service manager how far the gateway is, as `sd_notify(3)` does: one datagram to `NOTIFY_SOCKET`.
package struct ServiceNotifier: Sendable {
    /// What there is to tell.
    package enum State: Sendable {
        /// It listens.
        case ready
        /// It takes up what has changed; ``ready`` must follow.
        case reloading
        /// It drains and ends.
        case stopping
    }

    private let address: String?

    /// Takes the manager's socket.
    ///
    /// - Parameter address: a path, or `@` and an abstract name; `nil` when nobody listens.
    package init(address: String?) {
        self.address = address
    }

    /// The one that the environment names.
    package static func fromEnvironment() -> ServiceNotifier {
        ServiceNotifier(address: getenv("NOTIFY_SOCKET").map { String(cString: $0) })
    }

    /// Sends the state; whoever does not listen misses it, which is no reason for the gateway to fail.
    ///
    /// - Parameter state: how far the gateway is.
    /// - Returns: whether it was sent.
    @discardableResult
    package func notify(_ state: State) -> Bool {
        switch state {
        case .ready: send("READY=1")
        case .stopping: send("STOPPING=1")
        case .reloading:
            // Type=notify-reload wants to know when, by the clock that nobody sets.
            send("RELOADING=1\nMONOTONIC_USEC=\(Int64(ProcessInfo.processInfo.systemUptime * 1_000_000))")
        }
    }

    private func send(_ text: String) -> Bool {
        guard let address, let first = address.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return false }
        var destination = sockaddr_un()
        destination.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: destination.sun_path)
        var name = [UInt8](address.utf8)
        // Abstract names begin with a zero byte.
        if first == UInt8(ascii: "@") { name[0] = 0 }
        guard name.count < capacity else { return false }
        withUnsafeMutableBytes(of: &destination.sun_path) { $0.copyBytes(from: name) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = [UInt8](text.utf8)
        let sent = withUnsafePointer(to: &destination) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count
    }
}
