/// What looking at a database without changing it has shown.
package struct StoreReport: Sendable, Equatable {
    /// The version of its tables; 0 for none yet.
    package let version: Int

    /// The version that this program brings them to.
    package let newestVersion = CredentialSchema.migrations.count

    /// How many accounts there are; `nil` while the tables are of an older version.
    package let userCount: Int?

    /// Reads every row, when the tables are of the newest version.
    ///
    /// - Throws: `unavailable`, with `damaged` for a row that cannot be understood.
    init(version: Int, _ session: any SQLSession) throws(CredentialError) {
        self.version = version
        userCount =
            version == CredentialSchema.migrations.count ? try SQLCredentialStore.countReadableUsers(session) : nil
    }
}
