/// Why a Redis command has no usable reply.
public enum RedisFailure: Error, Equatable, Sendable {
    /// There is no connection that has finished its handshake; nothing was sent.
    case notConnected
    /// The connection has as many commands or bytes in flight as it may; nothing was sent.
    case queueFull
    /// The command is empty or too large to encode; nothing was sent.
    case invalidCommand
    /// No reply came within the command time-out. The command may have been carried out.
    case timedOut
    /// The connection ended before the reply. The command may have been carried out.
    case connectionClosed
    /// The server sent bytes that are not RESP2, a reply nobody asked for, or one of another shape.
    case protocolViolation
    /// TLS could not be agreed on: the server's certificate is not of a trusted authority or not for its name, or the
    /// server does not take ours. Nothing was sent.
    case tlsFailed
    /// The server refused the command. `code` is the first word of its answer, such as `LOADING`.
    case server(code: String)
    /// The waiting task was cancelled. The command may have been carried out.
    case cancelled
}
