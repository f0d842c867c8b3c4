extension Configuration {
    /// Further claims of the tokens issued here; the narrower wins.
    package struct TokenClaims: Sendable, Equatable {
        /// What a claim says.
        package enum Value: Sendable, Equatable {
            /// A text, with `{subject}` and `{client_id}` to be filled in.
            case text(String)
            /// A truth value.
            case flag(Bool)
            /// A whole number.
            case integer(Int64)
            /// A list of texts.
            case texts([String])
        }

        /// For every token.
        package var everyone: [String: Value] = [:]
        /// By client.
        package var clients: [String: [String: Value]] = [:]
        /// By user.
        package var users: [String: [String: Value]] = [:]
    }
}
