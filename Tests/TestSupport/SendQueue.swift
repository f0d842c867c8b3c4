import Foundation

/// What the kernel holds for TCP connections over IPv4 and could not send yet, from `/proc/net/tcp`.
package enum SendQueue {
    /// The largest queue of one connection, in bytes.
    /// - Parameters:
    ///   - localPort: Only connections from this port; `nil` for any.
    ///   - remotePort: Only connections to this port; `nil` for any.
    /// - Returns: 0 where there is no such connection.
    package static func largestByteCount(localPort: Int? = nil, remotePort: Int? = nil) -> Int {
        let text = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        let sizes = text.split(separator: "\n").dropFirst().map { line in
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
}
