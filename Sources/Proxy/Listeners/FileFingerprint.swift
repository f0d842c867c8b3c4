import Glibc

/// What tells a file from what was there before: enough to notice a change without reading it.
package struct FileFingerprint: Sendable, Equatable {
    private let device: UInt64
    private let inode: UInt64
    private let byteCount: Int64
    private let modified: [Int64]
    private let changed: [Int64]

    /// Looks at a file, past symbolic links; `nil` when it cannot be seen.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int64(status.st_size)
        modified = [Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec)]
        changed = [Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec)]
    }
}
