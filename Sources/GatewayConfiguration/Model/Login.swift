extension Configuration {
    /// How users log in, and how they get and give their refresh tokens.
    package struct Login: Sendable, Equatable {
        /// Whether refresh tokens travel as cookies, and in no body.
        package var usesCookies = false
        /// Whether clients may exchange a user's name and password for tokens (RFC 6749 section 4.3).
        package var hasPasswordGrant = false
    }
}
