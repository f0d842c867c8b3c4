import Glibc
import LibCrypto
import Revocation

/// A directory of secrets: only its owner may read it, files change wholly or not at all.
struct PrivateDirectory: Sendable {
    /// Larger files are refused.
    static let maximumFileBytes = 64 * 1024

    /// More are not looked at.
    private static let maximumFiles = 1024
    /// How long a lock is waited for.
    private static let lockTimeoutMilliseconds = 10_000
    private static let lockName = ".lock"
    private static let mountLink = "..data"

    let path: String
    /// Whether it is part of a mounted secret: then its group may read it, as the kubelet has it, and who may list the
    /// folder above does not matter.
    let isMounted: Bool

    init(path: String, isMounted: Bool = false) {
        self.path = path
        self.isMounted = isMounted
    }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Makes the directory if there is none.
    func create() throws(SigningKeyError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw unwritable(path)
        }
    }

    /// Runs `body` while no other process changes the directory.
    ///
    /// Waits for at most ``lockTimeoutMilliseconds``. The lock is that of a file, which network file systems know, too.
    func withLock<Result>(_ body: () throws(SigningKeyError) -> Result) throws(SigningKeyError) -> Result {
        try requirePrivateDirectory()
        let file = path(of: Self.lockName)
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw unwritable(file) }
        defer { close(descriptor) }
        var waitedMilliseconds = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR || errno == EWOULDBLOCK else { throw unwritable(file) }
            guard waitedMilliseconds < Self.lockTimeoutMilliseconds else {
                throw SigningKeyError(.busy, place: path, advice: "another node or command holds \(file); try again")
            }
            usleep(10_000)
            waitedMilliseconds += 10
        }
        return try body()
    }

    /// The same directory as it is now, whatever is exchanged in it meanwhile.
    ///
    /// Kubernetes mounts a secret as a folder of links through `..data`, which it exchanges in one step.
    func snapshot() -> PrivateDirectory {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path(of: Self.mountLink), &target, target.count - 1)
        guard count > 0 else { return self }
        let name = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return PrivateDirectory(path: name.hasPrefix("/") ? name : path(of: name), isMounted: true)
    }

    /// The names of the files, sorted; none when there is no directory.
    func names() throws(SigningKeyError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw unreadable(path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), names.count < Self.maximumFiles else { continue }
            names.append(name)
        }
        return names.sorted()
    }

    /// What changes when a file does: names, identities, sizes and times.
    func fingerprint() -> [String] {
        let names = (try? names()) ?? ["?"]
        return names.map { name in
            var status = stat()
            guard stat(path(of: name), &status) == 0 else { return name }
            let time = status.st_mtim
            return "\(name) \(status.st_ino) \(status.st_size) \(status.st_mode) \(time.tv_sec).\(time.tv_nsec)"
        }
    }

    /// A file's content; `nil` when there is no such file.
    func read(_ name: String) throws(SigningKeyError) -> [UInt8]? {
        guard access(path, F_OK) == 0 || errno != ENOENT else { return nil }
        try requirePrivateDirectory()
        let file = path(of: name)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw unreadable(file) }
        defer { close(descriptor) }
        try requirePrivate(descriptor, file)
        return try readAll(descriptor, file)
    }

    /// Writes a file: to a temporary one beside it, to the disk, then to its name.
    func write(_ bytes: [UInt8], to name: String) throws(SigningKeyError) {
        guard let random = try? Random.bytes(8) else { throw unwritable(path) }
        let temporary = path(of: ".\(name).\(Hexadecimal.encode(random))")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(temporary) }
        let isWritten = Self.writeAll(bytes, descriptor) && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path(of: name)) == 0 else {
            unlink(temporary)
            throw unwritable(path(of: name))
        }
        try synchronize()
    }

    /// Removes a file; one that is gone already is fine.
    func remove(_ name: String) throws(SigningKeyError) {
        guard unlink(path(of: name)) == 0 || errno == ENOENT else { throw unwritable(path(of: name)) }
        try synchronize()
    }

    /// Makes names written so far survive a power cut.
    private func synchronize() throws(SigningKeyError) {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw unwritable(path) }
    }

    private func openForReading(_ path: String) throws(SigningKeyError) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        return descriptor
    }

    private func requirePrivateDirectory() throws(SigningKeyError) {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        // In a mounted secret it is the files' own modes that count.
        if !isMounted { try requirePrivate(descriptor, path) }
    }

    private func requirePrivate(_ descriptor: Int32, _ path: String) throws(SigningKeyError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & (isMounted ? 0o037 : 0o077) == 0 else {
            let mode = status.st_mode & S_IFMT == S_IFDIR ? "700" : "600"
            throw SigningKeyError(
                .permissions, place: path,
                advice: isMounted ? "set defaultMode: 0400 for the secret's volume" : "run chmod \(mode) \(path)")
        }
    }

    private func readAll(_ descriptor: Int32, _ path: String) throws(SigningKeyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.maximumFileBytes + 1)
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if taken < 0 && errno == EINTR { continue }
            guard taken >= 0 else { throw unreadable(path) }
            if taken == 0 { return Array(bytes.prefix(count)) }
            count += taken
        }
        throw unreadable(path)
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return false }
            offset += written
        }
        return true
    }

    private func unreadable(_ path: String) -> SigningKeyError {
        SigningKeyError(.unreadable, place: path, advice: Self.reason())
    }

    private func unwritable(_ path: String) -> SigningKeyError {
        SigningKeyError(.unwritable, place: path, advice: Self.reason())
    }

    private static func reason() -> String {
        errno == 0 ? "it is too large" : String(cString: strerror(errno))
    }
}
