extension Configuration {
    /// The shared store: one standalone Redis.
    package struct Redis: Sendable, Equatable {
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        /// The TCP port.
        package var port: Int
        /// The ACL user; `nil` means the default user.
        package var user: String?
        /// The password, when one is asked for.
        package var password: Secret?
        /// The number of the database.
        package var database: Int
        /// What the name of every key begins with.
        package var keyPrefix: String
        /// How long connecting may take.
        package var connectTimeoutMilliseconds: Int64
        /// How long one command may take.
        package var commandTimeoutMilliseconds: Int64
    }
}
