import Glibc
import NIOCore

/// The file of a Unix socket that this process listens on.
struct UnixSocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Makes a socket bound to a path, which nobody can connect to before it listens.
    ///
    /// A socket file that nobody listens on is taken away first.
    /// - Parameters:
    ///   - path: where the file is to be.
    ///   - mode: the permissions of the file: who may write to it may connect.
    /// - Returns: the descriptor, and the file to remove in the end.
    /// - Throws: why there can be no such socket.
    static func bind(_ path: String, mode: UInt32) throws(UnixSocketRefusal) -> (descriptor: CInt, file: UnixSocketFile)
    {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { throw .tooLong }
        try removeStale(path, address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(errno) }
        do throws(UnixSocketRefusal) {
            let bound = address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
            guard bound == 0 else { throw errno == EADDRINUSE ? .inUse : .system(errno) }
            var status = stat()
            guard chmod(path, mode) == 0, lstat(path, &status) == 0 else {
                let code = errno
                unlink(path)
                throw .system(code)
            }
            return (descriptor, UnixSocketFile(path: path, device: status.st_dev, inode: status.st_ino))
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func removeStale(_ path: String, _ address: SocketAddress) throws(UnixSocketRefusal) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .system(errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw .system(errno) }
        defer { close(probe) }
        let connected = address.withSockAddr { Glibc.connect(probe, $0, socklen_t($1)) }
        // A full queue belongs to somebody, too.
        guard connected != 0, errno != EAGAIN else { throw .inUse }
        guard errno == ECONNREFUSED else { throw errno == EPROTOTYPE ? .inUse : .system(errno) }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(errno) }
    }

    /// Removes the file, unless another one has taken its place.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }
}
