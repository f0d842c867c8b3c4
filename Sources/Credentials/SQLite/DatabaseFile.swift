import Glibc

/// The file behind a database: made with mode 0600, and recognised again.
struct DatabaseFile: Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Looks at the file, or makes an empty one.
    ///
    /// - Parameters:
    ///   - path: The database's path.
    ///   - createsIfAbsent: Whether to make an empty file where there is none.
    /// - Throws: `unavailable` with `absent`, `cannotOpen`, `notADatabase` or `insecureFileMode`.
    init(path: String, createsIfAbsent: Bool) throws(CredentialError) {
        var status = Self.status(of: path)
        if case .failure(ENOENT) = status, createsIfAbsent {
            try Self.createEmpty(path)
            status = Self.status(of: path)
        }
        switch status {
        case .failure(let code) where code == ENOENT || code == ENOTDIR:
            throw CredentialError(.unavailable(.absent))
        case .failure(let code):
            throw CredentialError(.unavailable(.cannotOpen), detail: String(cString: strerror(code)))
        case .success(let found):
            guard found.st_mode & S_IFMT == S_IFREG else {
                throw CredentialError(.unavailable(.notADatabase), detail: "not a regular file")
            }
            // SQLite takes a file shorter than its smallest page for an empty database, and would overwrite it.
            guard found.st_size == 0 || found.st_size >= 512 else {
                throw CredentialError(.unavailable(.notADatabase), detail: "shorter than any database")
            }
            // Password hashes are inside: a file that others can read or write is refused, not quietly mended.
            guard found.st_mode & 0o077 == 0 else {
                throw CredentialError(.unavailable(.insecureFileMode), detail: "chmod 600 is needed")
            }
            self.path = path
            device = found.st_dev
            inode = found.st_ino
        }
    }

    /// Checks that the path still leads to the same file: SQLite itself would go on with one that was deleted.
    ///
    /// - Throws: `unavailable` with `absent` or `replaced`.
    func checkUnchanged() throws(CredentialError) {
        guard case .success(let found) = Self.status(of: path) else {
            throw CredentialError(.unavailable(.absent))
        }
        guard found.st_dev == device, found.st_ino == inode else {
            throw CredentialError(.unavailable(.replaced))
        }
    }

    /// What `stat` says.
    private enum Status {
        case success(stat)
        case failure(CInt)
    }

    private static func status(of path: String) -> Status {
        var found = stat()
        return stat(path, &found) == 0 ? .success(found) : .failure(errno)
    }

    /// Makes an empty file under another name and links it to its own.
    ///
    /// SQLite would create it with the umask's mode. And its own name must never be open here: closing it would drop
    /// the locks that another connection of this process holds on it (sqlite.org/howtocorrupt.html section 2.2).
    private static func createEmpty(_ path: String) throws(CredentialError) {
        let template = try makeTemporary(beside: path)
        defer { unlink(template) }
        // Somebody else may have made it at the same moment, which is as good.
        guard link(template, path) == 0 || errno == EEXIST else {
            throw CredentialError(.unavailable(fault(of: errno)), detail: String(cString: strerror(errno)))
        }
    }

    /// Makes an empty file of mode 0600 whose name is like another's.
    ///
    /// - Returns: Its path.
    /// - Throws: `unavailable`.
    static func makeTemporary(beside path: String) throws(CredentialError) -> String {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw CredentialError(.unavailable(fault(of: errno)), detail: String(cString: strerror(errno)))
        }
        close(descriptor)
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Gives a file that is whole its lasting name, and has both on disk.
    ///
    /// - Throws: `fileExists`, `unavailable`.
    static func publish(_ temporary: String, as path: String) throws(CredentialError) {
        try synchronize(temporary)
        guard link(temporary, path) == 0 else {
            if errno == EEXIST { throw CredentialError(.fileExists) }
            throw CredentialError(.unavailable(fault(of: errno)), detail: String(cString: strerror(errno)))
        }
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        try synchronize(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder)
    }

    private static func synchronize(_ path: String) throws(CredentialError) {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw CredentialError(.unavailable(.cannotOpen)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw CredentialError(.unavailable(.inputOutput)) }
    }

    private static func fault(of code: CInt) -> StoreFault {
        switch code {
        case ENOENT, ENOTDIR: .absent
        case EROFS: .readOnly
        case ENOSPC, EDQUOT: .full
        default: .cannotOpen
        }
    }
}
