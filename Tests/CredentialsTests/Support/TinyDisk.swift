import Glibc

/// A file system of a few bytes, in memory, for as long as it is held.
final class TinyDisk {
    let path: String

    /// Mounts it; `nil` where that is not allowed.
    init?(at path: String, byteCount: Int, owner: uid_t) {
        self.path = path
        guard mkdir(path, 0o700) == 0 else { return nil }
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount),mode=0700,uid=\(owner),gid=\(owner)") == 0 else {
            rmdir(path)
            return nil
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
