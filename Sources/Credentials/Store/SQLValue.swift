/// A parameter of a statement, or the value of a column.
///
/// There are no others: a flag is 0 or 1, a time is milliseconds since 1970.
package enum SQLValue: Sendable, Hashable {
    /// No value.
    case null
    /// A signed 64-bit number.
    case integer(Int64)
    /// Text without NUL.
    case text(String)

    /// A flag as it is stored.
    package static func flag(_ flag: Bool) -> SQLValue { .integer(flag ? 1 : 0) }

    /// Text, or no value.
    package static func text(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }

    /// A number, or no value.
    package static func integer(_ number: Int64?) -> SQLValue { number.map { .integer($0) } ?? .null }

    /// Whether it is text or nothing.
    var isTextOrNull: Bool { self == .null || text != nil }

    /// Whether it is a number or nothing.
    var isIntegerOrNull: Bool { self == .null || integer != nil }

    /// The number, when it is one.
    package var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The text, when it is one.
    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }
}
