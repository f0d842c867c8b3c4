import Credentials
import Logging
import Proxy

/// Turns what the credential store refuses into the problem that an administrator sees, who may know more than clients.
enum AdminCredentialProblems {
    static func problem(for error: CredentialError, logger: Logger) -> Problem {
        switch error.code {
        case .unknownUser, .unknownClient, .unknownAPIKey: return .noSuchCredential
        case .duplicateName:
            return Problem(
                status: 409, error: "conflict", description: "there is an account or a client of this name already")
        case .unavailable, .overloaded, .shutDown, .cancelled, .hashingFailed:
            logger.warning(
                "credentials unavailable", metadata: ["code": "\(error.code)", "detail": "\(error.detail)"])
            return .credentialsUnavailable
        default:
            guard let description = description(of: error.code) else {
                logger.error("administration of credentials failed", metadata: ["code": "\(error.code)"])
                return .internalError
            }
            return .invalidRequest(description)
        }
    }

    private static func description(of code: CredentialError.Code) -> String? {
        switch code {
        case .invalidName: "a name is empty, too long, or has characters that are not allowed"
        case .invalidScope: "scope must be scope tokens with one space between them"
        case .invalidTime: "expires_in is too long"
        case .passwordTooShort: "the password must have at least \(Password.minimumScalarCount) characters"
        case .passwordTooLong: "the password must have at most \(Password.maximumByteCount) bytes"
        case .passwordMalformed: "the password is empty, or not text"
        case .passwordTooCommon: "the password is one that guessers try first, or the name of the account"
        case .invalidGrant:
            "grants are client_credentials and password, with a space between; none of the former for a public client"
        case .invalidAddress: "addresses must be addresses or blocks such as 10.0.0.0/8 with one space between them"
        default: nil
        }
    }
}

extension Problem {
    /// No account, client or API key has this name.
    static let noSuchCredential = Problem(
        status: 404, error: "not_found", description: "there is none of this name")
    /// The database cannot be asked, or too many ask.
    static let credentialsUnavailable = Problem(
        status: 503, error: "temporarily_unavailable",
        description: "the credential database does not answer; try again", retryAfterSeconds: 1)
}
