import Glibc
import LibCrypto
import Revocation

/// A directory of secrets: only its owner may read it, files change wholly or not at all.
struct PrivateDirectory: Sendable {
    /// Larger files are refused.
    static let maximumFileBytes = 64 * 1024

    let path: String

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Makes the directory if there is none.
    func create() throws(SigningKeyError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw unwritable(path)
        }
    }

    /// Runs `body` while no other process changes the directory.
    func withLock<Result>(_ body: () throws(SigningKeyError) -> Result) throws(SigningKeyError) -> Result {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        try requirePrivate(descriptor, path)
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw unwritable(path) }
        }
        return try body()
    }

    /// A file's content; `nil` when there is no such file.
    func read(_ name: String) throws(SigningKeyError) -> [UInt8]? {
        let directory = open(path, O_RDONLY | O_CLOEXEC)
        if directory < 0 && errno == ENOENT { return nil }
        guard directory >= 0 else { throw unreadable(path) }
        defer { close(directory) }
        try requirePrivate(directory, path)
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

    private func requirePrivate(_ descriptor: Int32, _ path: String) throws(SigningKeyError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & 0o077 == 0 else {
            let mode = status.st_mode & S_IFMT == S_IFDIR ? "700" : "600"
            throw SigningKeyError(.permissions, place: path, advice: "run chmod \(mode) \(path)")
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
