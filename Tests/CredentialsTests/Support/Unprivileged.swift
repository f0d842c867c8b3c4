import Glibc
import Testing

/// File-system access without the privileges of root, whom no mode stops.
enum Unprivileged {
    private static let user: uid_t = 65534

    /// Runs a body as an ordinary user; as the present one when that is ordinary already.
    ///
    /// - Parameters:
    ///   - paths: What the ordinary user is to own.
    ///   - body: Runs on the present thread alone, which is all that the change of identity holds for.
    /// - Throws: What the body throws.
    static func run(owning paths: [String], _ body: () throws -> Void) throws {
        guard geteuid() == 0 else { return try body() }
        for path in paths { #expect(chown(path, user, user) == 0) }
        let setIdentity = try #require(dlsym(UnsafeMutableRawPointer(bitPattern: 0), "setfsuid"))
        let setFileSystemUser = unsafeBitCast(setIdentity, to: (@convention(c) (uid_t) -> CInt).self)
        _ = setFileSystemUser(user)
        defer { _ = setFileSystemUser(0) }
        // The call reports the identity before it, so a second one tells whether the first succeeded.
        try #require(setFileSystemUser(user) == CInt(user))
        try body()
    }
}
