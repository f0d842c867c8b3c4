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
        /// Keys of this algorithm are not made here.
        case unsupportedAlgorithm
        /// There is a next key already.
        case nextKeyExists
        /// No such key.
        case unknownKey
        /// The current key cannot be retired.
        case keyInUse
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
            case .unsupportedAlgorithm: "no keys are made for this algorithm"
            case .nextKeyExists: "there is a next key already"
            case .unknownKey: "no such key"
            case .keyInUse: "the current key signs"
            }
        return "\(place): \(problem): \(advice)"
    }

    package static func == (left: SigningKeyError, right: SigningKeyError) -> Bool {
        left.code == right.code
    }
}
