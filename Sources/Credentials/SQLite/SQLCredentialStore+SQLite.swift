extension SQLCredentialStore {
    /// Opens an SQLite file, and brings its tables to the newest version.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - settings: How to open it.
    /// - Throws: `unavailable` with the fault; nothing that existed has changed then.
    package convenience init(
        path: String, settings: SQLiteDatabase.Settings = SQLiteDatabase.Settings()
    ) throws(CredentialError) {
        self.init(try SQLiteDatabase(path: path, settings: settings))
    }
}
