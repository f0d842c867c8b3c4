/// A Lua script that the server runs as one step.
package struct RedisScript: Sendable, Hashable {
    /// The script's text.
    package let source: String

    /// Makes a script from its text.
    package init(source: String) {
        self.source = source
    }
}
