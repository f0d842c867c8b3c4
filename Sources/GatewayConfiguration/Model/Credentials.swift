extension Configuration {
    /// Where accounts are kept.
    package struct Credentials: Sendable, Equatable {
        /// The absolute path of the SQLite file.
        package var databaseFile: String
        /// How many API keys are remembered after a look-up.
        package var apiKeyCacheEntryLimit = 10_000
        /// How long a look-up of an API key holds.
        package var apiKeyCacheLifetimeSeconds: Int64 = 60
    }
}
