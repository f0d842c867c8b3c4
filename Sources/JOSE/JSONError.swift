/// Why a text is not acceptable JSON.
///
/// Equality is on the code.
package struct JSONError: Error, Equatable, Sendable {
    /// The kinds of refusal.
    package enum Code: Sendable {
        /// The text breaks the grammar of RFC 8259.
        case syntax
        /// The text is not UTF-8: overlong, truncated, a surrogate or beyond U+10FFFF (RFC 3629).
        case invalidUTF8
        /// A `\u` escape names half of a surrogate pair.
        case loneSurrogate
        /// An object has two members of one name, compared after unescaping.
        case duplicateName
        /// Containers are nested deeper than the limit.
        case tooDeep
        /// The text is longer than the limit.
        case tooLarge
        /// An object has more members than the limit.
        case tooManyMembers
    }

    /// What is wrong.
    package let code: Code
    /// Where, in bytes from the start.
    package let offset: Int

    package static func == (left: JSONError, right: JSONError) -> Bool {
        left.code == right.code
    }
}

/// The bounds within which a JSON text is read.
package struct JSONLimits: Sendable {
    /// The longest text, in bytes.
    package let maximumByteCount: Int
    /// How deep containers may nest, 1 to 64: the scanner keeps one bit per level.
    package let maximumDepth: Int
    /// How many members one object may have: names are compared with each other, so this bounds the work.
    package let maximumMemberCount: Int

    /// Limits of the caller's choice; the depth is brought into 1...64.
    package init(maximumByteCount: Int, maximumDepth: Int, maximumMemberCount: Int) {
        self.maximumByteCount = maximumByteCount
        self.maximumDepth = min(max(maximumDepth, 1), 64)
        self.maximumMemberCount = maximumMemberCount
    }

    /// For the header and the claims of a token.
    package static let token = JSONLimits(maximumByteCount: 16 * 1024, maximumDepth: 16, maximumMemberCount: 256)
    /// For documents: key sets, request bodies, metadata.
    package static let document = JSONLimits(maximumByteCount: 1024 * 1024, maximumDepth: 64, maximumMemberCount: 1024)
}
