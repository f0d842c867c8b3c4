package import HTTP1

/// The one shape of every error that a client sees: RFC 9457 with the members of RFC 6749 and RFC 6750.
///
/// All texts are constant: no token, claim, key, path or address can get into an answer through it.
package struct Problem: Error, Sendable, Equatable {
    /// The HTTP status code.
    package let status: Int
    /// The machine-readable code, in the member `error`.
    package let error: String
    /// What happened, for a person, in the member `error_description`.
    package let description: String
    /// The value of `WWW-Authenticate` (RFC 9110 section 11.6.1), if there is to be one.
    package var challenge: String?
    /// The value of `Retry-After` in seconds (RFC 9110 section 10.2.3), if there is to be one.
    package var retryAfterSeconds: Int?
    /// The value of `Allow` (RFC 9110 section 10.2.1), if there is to be one.
    package var allow: String?
    /// Whether the connection must be closed after the answer.
    package var closesConnection = false

    /// Makes a problem of constant texts.
    package init(
        status: Int, error: String, description: String, challenge: String? = nil, retryAfterSeconds: Int? = nil,
        allow: String? = nil, closesConnection: Bool = false
    ) {
        self.status = status
        self.error = error
        self.description = description
        self.challenge = challenge
        self.retryAfterSeconds = retryAfterSeconds
        self.allow = allow
        self.closesConnection = closesConnection
    }

    /// The `title` member and the reason phrase.
    package var title: String { StatusLine.reason(status) }

    /// The answer to a request that breaks a rule of HTTP; the connection is closed, for its framing is in doubt.
    package init(_ violation: HTTPViolation) {
        switch violation {
        case .startLineTooLong: self = .uriTooLong
        case .headerSectionTooLarge: self = .headersTooLarge
        case .bodyTooLarge: self = .bodyTooLarge
        case .unsupportedExpectation:
            self.init(
                status: 417, error: "expectation_failed", description: "only Expect: 100-continue is understood",
                closesConnection: true)
        case .unsupportedVersion:
            self.init(
                status: 400, error: "invalid_request", description: "only HTTP/1.1 and HTTP/1.0 are spoken here",
                closesConnection: true)
        case .invalidHost:
            self.init(
                status: 400, error: "invalid_request", description: "exactly one valid Host field is needed",
                closesConnection: true)
        case .ambiguousPath:
            self.init(
                status: 400, error: "invalid_request",
                description: "the path can be read in more than one way; send its plain form", closesConnection: true)
        case .ambiguousFraming, .invalidContentLength, .invalidTransferEncoding, .malformedChunk, .malformedTrailer:
            self.init(
                status: 400, error: "invalid_request", description: "the end of the body is not clear",
                closesConnection: true)
        case .malformedStartLine, .invalidMethod, .invalidTarget, .controlByte, .malformedField, .invalidConnection,
            .invalidStatus:
            self = .malformedRequest
        }
    }
}

extension Problem {
    /// The request is not well-formed HTTP.
    package static let malformedRequest = Problem(
        status: 400, error: "invalid_request", description: "malformed HTTP request", closesConnection: true)
    /// The request-line is over the limit.
    package static let uriTooLong = Problem(
        status: 414, error: "invalid_request", description: "the request line is too long", closesConnection: true)
    /// The header section is over a limit.
    package static let headersTooLarge = Problem(
        status: 431, error: "invalid_request", description: "the header section is too large", closesConnection: true)
    /// The body is over the limit.
    package static let bodyTooLarge = Problem(
        status: 413, error: "invalid_request", description: "the body is too large", closesConnection: true)
    /// The client took too long to send its request.
    package static let requestTimeout = Problem(
        status: 408, error: "invalid_request", description: "the request did not arrive in time",
        closesConnection: true)
    /// No route matches.
    package static let notFound = Problem(
        status: 404, error: "not_found", description: "no route matches this request")
    /// A method that the gateway never passes on: `CONNECT` and `TRACE`.
    package static let methodNotImplemented = Problem(
        status: 501, error: "not_implemented", description: "this method is not offered here", closesConnection: true)
    /// The upstream could not be reached.
    package static let upstreamUnreachable = Problem(
        status: 502, error: "bad_gateway", description: "the service behind this gateway cannot be reached")
    /// The upstream answered something that is not HTTP, or broke off.
    package static let upstreamInvalid = Problem(
        status: 502, error: "bad_gateway", description: "the service behind this gateway gave no valid answer")
    /// The upstream did not answer in time.
    package static let upstreamTimeout = Problem(
        status: 504, error: "gateway_timeout", description: "the service behind this gateway took too long")
    /// The upstream has as many connections as it may, and no more requests may wait for one, or this one waited long
    /// enough.
    package static let upstreamBusy = Problem(
        status: 503, error: "temporarily_unavailable", description: "the service behind this gateway is busy",
        retryAfterSeconds: 1)
    /// The gateway holds as many connections as it may.
    package static let tooManyConnections = Problem(
        status: 503, error: "temporarily_unavailable", description: "too many connections", retryAfterSeconds: 1,
        closesConnection: true)
    /// Whoever decides about requests did not answer in time.
    package static let decisionTimeout = Problem(
        status: 503, error: "temporarily_unavailable", description: "the request could not be decided in time",
        retryAfterSeconds: 1, closesConnection: true)
    /// The gateway is about to stop.
    package static let shuttingDown = Problem(
        status: 503, error: "temporarily_unavailable", description: "the gateway is stopping", retryAfterSeconds: 1,
        closesConnection: true)
    /// Something went wrong inside.
    package static let internalError = Problem(
        status: 500, error: "server_error", description: "the gateway failed to handle this request",
        closesConnection: true)

    /// The route is there, but not for this method.
    package static func methodNotAllowed(allow: String) -> Problem {
        Problem(
            status: 405, error: "invalid_request", description: "the route does not take this method", allow: allow)
    }
}
