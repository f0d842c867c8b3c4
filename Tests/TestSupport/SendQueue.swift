import Glibc

/// What the kernel holds for TCP connections over IPv4 and could not send yet, from `/proc/net/tcp`.
package enum SendQueue {
    /// The largest queue of one connection, in bytes.
    /// - Parameters:
    ///   - localPort: Only connections from this port; `nil` for any.
    ///   - remotePort: Only connections to this port; `nil` for any.
    /// - Returns: 0 where there is no such connection.
    package static func largestByteCount(localPort: Int? = nil, remotePort: Int? = nil) -> Int {
        let sizes = table().split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: " ")
            // Listening sockets have something else there.
            guard fields.count > 4, fields[3] == "01" else { return 0 }
            func number(_ part: Int, of field: Int) -> Int? {
                let parts = fields[field].split(separator: ":")
                return parts.indices.contains(part) ? Int(parts[part], radix: 16) : nil
            }
            guard localPort == nil || number(1, of: 1) == localPort, remotePort == nil || number(1, of: 2) == remotePort
            else { return 0 }
            return number(0, of: 4) ?? 0
        }
        return sizes.max() ?? 0
    }

    /// Foundation takes the first page of it, which comes alone, for the whole.
    private static func table() -> String {
        let descriptor = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var page = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = read(descriptor, &page, page.count), count > 0 { bytes += page.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
