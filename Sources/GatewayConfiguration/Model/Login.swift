extension Configuration {
    /// How people log in.
    package struct Login: Sendable, Equatable {
        /// An identity service that judges names and passwords.
        package struct Delegate: Sendable, Equatable {
            /// Where they are posted to: an absolute `https` or `http` URL.
            package var url: String
            /// How long an answer may take, connecting included.
            package var timeoutMilliseconds: Int64
            /// The PEM file of trusted authorities; `nil` means the system's.
            package var authoritiesFile: String?
            /// The most logins that wait for an answer at a time.
            package var concurrencyLimit: Int
        }

        /// How many failed attempts each account and each address has in a window.
        package var attemptCount: Int
        /// The window in milliseconds.
        package var windowMilliseconds: Int64
        /// The file of passwords that nobody may choose.
        package var passwordDenyListFile: String?
        /// Whether clients may exchange a user's name and password for tokens (RFC 6749 section 4.3).
        package var hasPasswordGrant = false
        /// Who judges names and passwords; `nil` means the accounts in the database.
        package var delegate: Delegate?
        /// Whether refresh tokens travel as cookies, and in no body.
        package var usesCookies = false

        /// What holds when the file says nothing.
        package static let standard = Login(attemptCount: 10, windowMilliseconds: 60_000)
    }
}
