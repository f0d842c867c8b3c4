/// What is wrong with a file that TLS needs.
package struct TLSProblem: Sendable, Equatable {
    /// Which file it is, by its part in ``TLSSettings``.
    package enum Role: Sendable, Equatable {
        /// The certificates of the pair with this index.
        case certificate(Int)
        /// The key of the pair with this index.
        case privateKey(Int)
        /// The authorities of client certificates.
        case clientAuthorities
    }

    /// Which file it is.
    package let role: Role
    /// Its path.
    package let file: String
    /// What is wrong and what to do, to follow the file's name.
    package let advice: String
}

/// Everything that keeps TLS from being set up.
package struct TLSFailure: Error, Sendable, Equatable {
    /// The problems, at least one.
    package let problems: [TLSProblem]
}
