/// What is kept with a session besides whose it is and what it is good for.
package struct SessionDetails: Sendable, Hashable {
    /// How long a label may be, UTF-8.
    package static let maximumDeviceBytes = 128
    /// How long the claims may be, UTF-8.
    package static let maximumClaimsBytes = 8192

    /// What its owner knows the device by; empty when nothing is known.
    package let device: String
    /// The address it was last used from; empty when that is not known.
    package var address: String
    /// Further claims for each access token of the session: the text of a JSON object, or empty.
    ///
    /// Kept as it is, so that a refresh gives what the login gave.
    package let claims: String

    /// Nothing known.
    package static let none = SessionDetails()

    /// Describes a session.
    /// - Parameters:
    ///   - device: any text; it is cleaned by ``label(_:)``.
    ///   - address: where it is used from.
    ///   - claims: the text of a JSON object, at most ``maximumClaimsBytes``, or empty.
    package init(device: String = "", address: String = "", claims: String = "") {
        self.device = Self.label(device)
        self.address = address
        self.claims = claims
    }

    /// A label fit to be shown: one line, no control, format or unassigned characters (which could hide or reverse
    /// what stands beside it), at most ``maximumDeviceBytes``.
    package static func label(_ text: String) -> String {
        var label = ""
        var bytes = 0
        var isSpacePending = false
        // No more is looked at than could be kept, even if all of it were dropped.
        for scalar in text.unicodeScalars.prefix(8 * maximumDeviceBytes) {
            switch scalar.properties.generalCategory {
            case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control:
                isSpacePending = !label.isEmpty
            case .format, .surrogate, .privateUse, .unassigned:
                continue
            default:
                let needed = UTF8.width(scalar) + (isSpacePending ? 1 : 0)
                guard bytes + needed <= maximumDeviceBytes else { return label }
                if isSpacePending { label.unicodeScalars.append(" ") }
                label.unicodeScalars.append(scalar)
                bytes += needed
                isSpacePending = false
            }
        }
        return label
    }
}
