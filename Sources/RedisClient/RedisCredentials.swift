/// What `AUTH` is sent with.
///
/// Its description shows no secret.
package struct RedisCredentials: Sendable {
    let username: String?
    let password: String

    /// Makes credentials; without a user name the server's default user is meant.
    package init(username: String? = nil, password: String) {
        self.username = username
        self.password = password
    }
}

extension RedisCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Constant text.
    package var description: String { "RedisCredentials(redacted)" }
    /// Constant text.
    package var debugDescription: String { description }
    /// No children, so that `dump` and string interpolation of an enclosing value show no secret either.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
