/// The name of an account: 1 to 128 printable Unicode scalars, compared byte for byte.
///
/// A name is exactly its UTF-8 bytes: no case folding and no normalisation, so that every database agrees on which
/// names are equal. Characters that cannot be seen (controls, bidirectional overrides, zero-width ones, spaces other
/// than U+0020) are refused, and so is a space at either end.
package struct UserName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The most Unicode scalars a name may have.
    package static let maximumScalarCount = 128

    /// The name as text; compare names, not these: `String` takes canonically equivalent text for equal.
    package let text: String

    /// Accepts a name.
    ///
    /// - Parameter text: The name as its owner writes it.
    /// - Throws: `invalidName`.
    package init(_ text: String) throws(CredentialError) {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            text.utf8.count <= Self.maximumScalarCount * 4,
            text.unicodeScalars.count <= Self.maximumScalarCount,
            first != " ", last != " ",
            text.unicodeScalars.allSatisfy(Self.isPrintable)
        else { throw CredentialError(.invalidName) }
        self.text = text
    }

    /// The name as text.
    package var description: String { text }

    /// Whether both names have the same bytes.
    package static func == (left: UserName, right: UserName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Orders names by their bytes, as the database does.
    package static func < (left: UserName, right: UserName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Feeds the name's bytes, since canonically equivalent strings would hash alike.
    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20...0x7E).contains(scalar.value) }
        guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned,
            .spaceSeparator, .lineSeparator, .paragraphSeparator:
            return false
        default:
            return true
        }
    }
}
