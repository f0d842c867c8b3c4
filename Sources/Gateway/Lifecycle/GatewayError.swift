/// Why the gateway could not start; each has its exit code and says what to do.
package struct GatewayError: Error, CustomStringConvertible, Sendable {
    /// The kinds, by what the operator has to look at.
    package enum Code: Sendable, Equatable {
        /// Something in the configuration, or in a file it names.
        case configuration
        /// Something outside that is needed: a port, a thread.
        case unavailable
        /// The program itself, or a library it cannot do without.
        case internalFailure
    }

    /// The kind.
    package let code: Code
    /// What is wrong and what to do about it.
    package let description: String

    /// Describes a failure.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
