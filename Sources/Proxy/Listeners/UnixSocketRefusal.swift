import Glibc

/// Why a path cannot be listened on.
package enum UnixSocketRefusal: Error, Equatable, CustomStringConvertible {
    /// What is there is not a socket.
    case notASocket
    /// Somebody listens there.
    case inUse
    /// The path is longer than an address of a socket can be (107 bytes).
    case tooLong
    /// What the system says, as an error number.
    case system(Int32)

    /// In words for the operator.
    package var description: String {
        switch self {
        case .notASocket: "what is there is not a socket, and is left alone"
        case .inUse: "somebody listens there"
        case .tooLong: "the path is longer than 107 bytes"
        case .system(let code): String(cString: strerror(code))
        }
    }
}
