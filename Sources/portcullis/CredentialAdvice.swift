import Credentials

/// What to tell an operator about a failure of the account store.
enum CredentialAdvice {
    static func text(for error: CredentialError) -> String {
        let detail = error.detail.isEmpty ? "" : " (\(error.detail))"
        switch error.code {
        case .invalidName: return "the name is empty, longer than 128 characters, or has characters that cannot be seen"
        case .invalidScope: return "the scope is not a list of words with one space between them\(detail)"
        case .passwordTooShort: return "the password is too short: at least \(Password.minimumScalarCount) characters"
        case .passwordTooLong: return "the password is too long: at most \(Password.maximumByteCount) bytes"
        case .passwordMalformed: return "the password is empty, or not text"
        case .passwordTooCommon:
            return "the password is one that guessers try first, or the name of the account; choose another"
        case .invalidDenyList: return "login.password_denylist is not a list of passwords in UTF-8\(detail)"
        case .malformedImport: return "the file cannot be imported\(detail); nothing was changed"
        case .duplicateName: return "there is an account or a client of this name already; see: user list, client list"
        case .unknownUser: return "there is no account of this name; see: user list"
        case .targetNotEmpty:
            return "the database to copy to is not empty\(detail); add --replace to delete what it has"
        case .fileExists: return "there is a file of this name; nothing was written"
        case .unknownClient: return "there is no client of this name; see: client list"
        case .unknownAPIKey: return "there is no API key of this id; see: api-key list"
        case .invalidGrant: return "a grant is client_credentials or password"
        case .invalidAddress: return "expected addresses or blocks such as 10.0.0.0/8 with one space between them"
        case .unavailable(let fault): return "the account database cannot be used: \(fault)\(detail)"
        case .overloaded, .shutDown, .cancelled, .hashingFailed: return "not now: \(error.code)\(detail)"
        case .invalidTime, .invalidPasswordHash, .invalidSecretHash, .invalidCredentials, .integrityViolation,
            .throttled:
            return "\(error.code)\(detail)"
        }
    }
}
