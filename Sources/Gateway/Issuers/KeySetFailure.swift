import JOSE

/// Why an issuer's keys could not be had.
enum KeySetFailure: Error, Equatable {
    /// Nobody answered, or not in time, or the certificate is not trusted.
    case unreachable
    /// The answer's status is not 200; redirects are not followed.
    case status(Int)
    /// The answer is longer than is read.
    case tooLarge
    /// The metadata is no document that names its keys' address.
    case malformedMetadata
    /// The metadata names another issuer.
    case metadataOfAnotherIssuer
    /// The key set cannot be used.
    case unusableKeySet(JOSEError.Code)

    /// The reason in a few constant words, for the log.
    var description: String {
        switch self {
        case .unreachable: "no answer"
        case .status(let status): "status \(status)"
        case .tooLarge: "the answer is too large"
        case .malformedMetadata: "the metadata is no document with a jwks_uri over https"
        case .metadataOfAnotherIssuer: "the metadata is of another issuer"
        case .unusableKeySet(let code): "the key set cannot be used: \(code)"
        }
    }
}
