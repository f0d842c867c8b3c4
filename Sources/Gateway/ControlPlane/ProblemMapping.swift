import Credentials
import Hummingbird
import Logging
import NIOCore
import Proxy
import Revocation
import Sessions

/// Turns every error of the control plane into the problem that a client sees.
///
/// The only place that does.
enum ProblemMapping {
    static func problem(for error: any Error, logger: Logger) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as SessionError: return problem(for: error)
        case let error as CredentialError: return problem(for: error, logger: logger)
        case let error as SigningKeyError: return problem(for: error, logger: logger)
        case is RevocationFailure: return .notWritten
        case let error as HTTPError where error.status == .notFound: return .notFound
        case let error as HTTPError where error.status == .methodNotAllowed: return .methodNotAllowed(allow: "")
        case let error as HTTPError where error.status == .contentTooLarge: return .bodyTooLarge
        case is NIOTooManyBytesError: return .bodyTooLarge
        default:
            logger.error("request failed", metadata: ["error": "\(type(of: error))"])
            return .internalError
        }
    }

    private static func problem(for error: SessionError) -> Problem {
        switch error {
        case .invalidGrant: .invalidGrant("the refresh token is not valid")
        case .invalidScope: .invalidScope
        case .invalidTarget: .invalidTarget
        case .unavailable: .notWritten
        case .signingFailed: .internalError
        }
    }

    private static func problem(for error: SigningKeyError, logger: Logger) -> Problem {
        switch error.code {
        case .nextKeyExists: return .nextKeyExists
        case .unmanaged: return .keysElsewhere
        default:
            logger.error("the key directory cannot be used", metadata: ["problem": "\(error.description)"])
            return error.code == .busy ? .notWritten : .internalError
        }
    }

    private static func problem(for error: CredentialError, logger: Logger) -> Problem {
        if error.code == .invalidCredentials { return .invalidGrant("wrong user name or password") }
        if case .throttled(let seconds) = error.code { return .loginThrottled(retryAfterSeconds: seconds) }
        if error.isTemporary {
            logger.warning(
                "credentials unavailable", metadata: ["code": "\(error.code)", "detail": "\(error.detail)"])
            return .loginUnavailable
        }
        logger.error("login failed", metadata: ["code": "\(error.code)"])
        return .internalError
    }
}

extension Problem {
    /// What was presented does not entitle to tokens (RFC 6749 section 5.2; 401, because it is the caller who is
    /// refused).
    static func invalidGrant(_ description: String) -> Problem {
        Problem(
            status: 401, error: "invalid_grant", description: description, challenge: "Bearer realm=\"\(realm)\"")
    }

    /// The request lacks something, has it twice, or cannot be read (RFC 6749 section 5.2).
    static func invalidRequest(_ description: String) -> Problem {
        Problem(status: 400, error: "invalid_request", description: description)
    }

    /// The scope is malformed or more than may be granted (RFC 6749 section 5.2).
    static let invalidScope = Problem(
        status: 400, error: "invalid_scope", description: "the scope is malformed or exceeds what may be granted")
    /// An audience was asked for that tokens are not issued for (RFC 8707 section 2).
    static let invalidTarget = Problem(
        status: 400, error: "invalid_target", description: "tokens are not issued for this resource")
    /// Redis did not confirm the change, so it is not promised.
    static let notWritten = Problem(
        status: 503, error: "temporarily_unavailable", description: "the change could not be made safe; try again",
        retryAfterSeconds: 1)
    /// Too many logins at once, or the accounts cannot be read.
    static let loginUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "login is not possible right now; try again",
        retryAfterSeconds: 1)
    /// Too many wrong passwords for this account or from this address.
    static func loginThrottled(retryAfterSeconds: Int) -> Problem {
        Problem(
            status: 429, error: "too_many_requests", description: "too many failed logins; try again later",
            retryAfterSeconds: max(retryAfterSeconds, 1))
    }

    /// A body in a form that is not taken.
    static let unsupportedMediaType = Problem(
        status: 415, error: "invalid_request",
        description: "send application/json or application/x-www-form-urlencoded")
}
