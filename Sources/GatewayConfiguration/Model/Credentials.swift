extension Configuration {
    /// Where accounts are kept.
    package struct Credentials: Sendable, Equatable {
        /// The absolute path of the SQLite file.
        package var databaseFile: String
    }
}
