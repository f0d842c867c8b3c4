/// Why a revocation could not be confirmed; nothing of the batch may be counted on.
package enum RevocationFailure: Error, Equatable, Sendable {
    /// The store could not be reached, refused, or did not answer in time; `detail` is constant text or a server code.
    case unavailable(detail: String)
    /// The store inside the process holds as much as it may.
    case storeFull
    /// The store answered something this program does not understand.
    case unexpectedReply

    /// The store has lost its data meanwhile, and perhaps what was written.
    package static let lost = unavailable(detail: "data lost meanwhile")
}

/// Writes revocations: when it returns, every later check sees them.
package protocol RevocationWriter: Sendable {
    /// Writes a batch, all or nothing; what is past its time already is skipped. Writing again is harmless.
    /// - Parameters:
    ///   - revocations: at most a few hundred; they are one command.
    ///   - nowMilliseconds: the wall clock.
    /// - Throws: ``RevocationFailure``.
    func revoke(_ revocations: [Revocation], nowMilliseconds: Int64) async throws(RevocationFailure)
}
