extension Configuration {
    /// How users log in, and how they get and give their refresh tokens.
    package struct Login: Sendable, Equatable {
        /// Whether refresh tokens travel as cookies, and in no body.
        package var usesCookies = false
    }
}
