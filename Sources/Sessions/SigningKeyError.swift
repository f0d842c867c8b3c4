/// What is wrong with a key directory.
///
/// Equal when the code is.
package struct SigningKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of trouble.
    package enum Code: Sendable, Hashable {
        /// There is no key to sign with.
        case noSigningKey
        /// A file or directory can be read by others than its owner.
        case permissions
        /// A file is missing, too large, or cannot be read.
        case unreadable
        /// A file or directory cannot be written.
        case unwritable
        /// The manifest is not what this program writes.
        case malformedManifest
        /// A key file holds no usable key, or another than its name says.
        case malformedKey
        /// A key could not be made.
        case notGenerated
        /// There is a next key already.
        case nextKeyExists
        /// No such key.
        case unknownKey
        /// What the key signed is still good.
        case keyInUse
        /// There are as many keys as there may be.
        case tooManyKeys
        /// The keys have no manifest: they come from elsewhere and are exchanged there.
        case unmanaged
        /// Another process is at it.
        case busy
    }

    /// What is wrong.
    package let code: Code
    /// The file or directory it is about, or the key.
    package let place: String
    /// What to do about it.
    package let advice: String

    init(_ code: Code, place: String, advice: String) {
        self.code = code
        self.place = place
        self.advice = advice
    }

    /// One line for the operator.
    package var description: String {
        let problem =
            switch code {
            case .noSigningKey: "no signing key"
            case .permissions: "readable by others"
            case .unreadable: "cannot be read"
            case .unwritable: "cannot be written"
            case .malformedManifest: "not a key manifest"
            case .malformedKey: "not a usable key"
            case .notGenerated: "no key could be made"
            case .nextKeyExists: "there is a next key already"
            case .unknownKey: "no such key"
            case .keyInUse: "what the key signed is still good"
            case .tooManyKeys: "too many keys"
            case .unmanaged: "keys without a manifest"
            case .busy: "in use"
            }
        return "\(place): \(problem): \(advice)"
    }

    package static func == (left: SigningKeyError, right: SigningKeyError) -> Bool {
        left.code == right.code
    }
}
