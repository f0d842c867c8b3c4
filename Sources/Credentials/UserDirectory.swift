/// The accounts as an operator changes them: text in, rules checked, hashing and store on the pool's threads.
package struct UserDirectory: Sendable {
    /// An account whose password was hashed elsewhere.
    package struct ImportedUser: Sendable {
        /// The name it will sign in with.
        package let name: String
        /// The hash, in a form that `PasswordHash` reads.
        package let passwordHash: String
        /// Scope tokens with one space between them, or nothing.
        package let scope: String
        /// Whether it starts out disabled.
        package let isDisabled: Bool
        /// The line of a file that it comes from; `nil` when there is none.
        package let line: Int?

        /// Describes an account to be imported.
        package init(name: String, passwordHash: String, scope: String, isDisabled: Bool, line: Int? = nil) {
            self.name = name
            self.passwordHash = passwordHash
            self.scope = scope
            self.isDisabled = isDisabled
            self.line = line
        }
    }

    private let store: any CredentialStoring
    private let pool: HashingPool
    private let denyList: PasswordDenyList

    /// Joins a store and a pool.
    ///
    /// - Parameters:
    ///   - store: Where the accounts are; asked on the pool's threads.
    ///   - pool: Computes the hashes.
    ///   - denyList: Passwords that nobody may choose.
    package init(store: any CredentialStoring, pool: HashingPool, denyList: PasswordDenyList = .none) {
        self.store = store
        self.pool = pool
        self.denyList = denyList
    }

    /// Adds an account.
    ///
    /// - Parameters:
    ///   - name: 1 to 128 printable characters.
    ///   - password: The password, by the rules of `Password.init(choosing:)`.
    ///   - scope: Scope tokens with one space between them, or nothing.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `invalidName`, `invalidScope`, what the password lacks, `duplicateName`, and what pool and store throw.
    package func add(
        name: String, password: [UInt8], scope: String, nowMilliseconds: Int64
    ) async throws(CredentialError) {
        let name = try UserName(name)
        let scope = try ScopeList(scope)
        let password = try Password(choosing: password)
        try denyList.check(password, of: name)
        try await pool.perform { [store, pool] () throws(CredentialError) in
            let user = NewUser(name: name, passwordHash: try pool.hasher.hash(password), scope: scope)
            try store.add([user], nowMilliseconds: nowMilliseconds)
        }
    }

    /// Adds accounts with hashes from another system: all of them or none.
    ///
    /// - Parameters:
    ///   - users: The accounts.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `invalidName`, `invalidScope`, `invalidPasswordHash`, `duplicateName`, and what pool and store throw;
    ///   the detail begins with the account's line, or its place in the list, from 1, where one account is to blame.
    package func importUsers(_ users: [ImportedUser], nowMilliseconds: Int64) async throws(CredentialError) {
        var newUsers: [NewUser] = []
        for (index, user) in users.enumerated() {
            do throws(CredentialError) {
                newUsers.append(
                    NewUser(
                        name: try UserName(user.name), passwordHash: try PasswordHash(user.passwordHash),
                        scope: try ScopeList(user.scope), isDisabled: user.isDisabled))
            } catch {
                let place = user.line.map { "line \($0)" } ?? "account \(index + 1)"
                throw CredentialError(error.code, detail: error.detail.isEmpty ? place : "\(place): \(error.detail)")
            }
        }
        try await pool.perform { [store, newUsers] () throws(CredentialError) in
            try store.add(newUsers, nowMilliseconds: nowMilliseconds)
        }
    }

    /// Finds an account.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The account, or `nil` when there is none of this name.
    /// - Throws: `invalidName`, and what pool and store throw.
    package func find(name: String) async throws(CredentialError) -> User? {
        let name = try UserName(name)
        return try await pool.perform { [store] () throws(CredentialError) in try store.find(name)?.user }
    }

    /// Lists accounts in the order of their names' bytes.
    ///
    /// - Parameters:
    ///   - name: The last name of the page before, or `nil` for the first page.
    ///   - limit: How many to return at most, 1 to 1000.
    /// - Returns: The accounts that follow.
    /// - Throws: `invalidName`, and what pool and store throw.
    package func list(after name: String?, limit: Int) async throws(CredentialError) -> [User] {
        var last: UserName?
        if let name { last = try UserName(name) }
        return try await pool.perform { [store, last] () throws(CredentialError) in
            try store.list(after: last, limit: limit)
        }
    }

    /// Gives an account another password.
    ///
    /// - Parameters:
    ///   - password: The password, by the rules of `Password.init(choosing:)`.
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `invalidName`, what the password lacks, `unknownUser`, and what pool and store throw.
    package func setPassword(
        _ password: [UInt8], of name: String, nowMilliseconds: Int64
    ) async throws(CredentialError) {
        let name = try UserName(name)
        let password = try Password(choosing: password)
        try denyList.check(password, of: name)
        try await pool.perform { [store, pool] () throws(CredentialError) in
            let hash = try pool.hasher.hash(password)
            try store.setPasswordHash(hash, of: name, nowMilliseconds: nowMilliseconds)
        }
    }

    /// Disables an account, or enables it again; its sessions are not ended by this.
    ///
    /// - Parameters:
    ///   - isDisabled: Whether signing in is to be refused.
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `invalidName`, `unknownUser`, and what pool and store throw.
    package func setDisabled(
        _ isDisabled: Bool, of name: String, nowMilliseconds: Int64
    ) async throws(CredentialError) {
        let name = try UserName(name)
        try await pool.perform { [store] () throws(CredentialError) in
            try store.setDisabled(isDisabled, of: name, nowMilliseconds: nowMilliseconds)
        }
    }

    /// Deletes an account, and revokes its API keys; its sessions are not ended by this.
    ///
    /// - Parameters:
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `invalidName`, `unknownUser`, and what pool and store throw.
    package func delete(_ name: String, nowMilliseconds: Int64) async throws(CredentialError) {
        let name = try UserName(name)
        try await pool.perform { [store] () throws(CredentialError) in
            try store.delete(name, nowMilliseconds: nowMilliseconds)
        }
    }
}
