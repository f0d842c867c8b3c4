/// Why a message is refused: each case is one rule of RFC 9112 or RFC 9110, or one limit.
package enum HTTPViolation: UInt8, Error, Equatable, Sendable {
    /// The start-line is not `method SP target SP version`, or `version SP status SP reason`.
    case malformedStartLine
    /// The method is not a token, or longer than 32 bytes.
    case invalidMethod
    /// The request-target has a form or a byte that is not allowed.
    case invalidTarget
    /// The path holds an encoding or a segment that a backend could read in another way.
    case ambiguousPath
    /// The version is not `HTTP/1.1` or `HTTP/1.0`.
    case unsupportedVersion
    /// A line is ended by something other than CR LF, or holds a control byte.
    case controlByte
    /// A field line starts with white space (obs-fold) or has no colon, or its name is not a token.
    case malformedField
    /// There is no `Host`, or more than one, or its value is not a host.
    case invalidHost
    /// A `Content-Length` is not a number in range, or there is more than one.
    case invalidContentLength
    /// A `Transfer-Encoding` other than exactly `chunked`, or in HTTP/1.0.
    case invalidTransferEncoding
    /// Both `Content-Length` and `Transfer-Encoding`.
    case ambiguousFraming
    /// `Connection` names a field that is not hop-by-hop and on which the message depends, or is not a list of
    /// tokens, or a list of too many.
    case invalidConnection
    /// `Expect` holds anything but `100-continue`.
    case unsupportedExpectation
    /// A chunk's size, extension or end is malformed.
    case malformedChunk
    /// A trailer field is malformed.
    case malformedTrailer
    /// The status code of a response is not three digits from 100 to 599.
    case invalidStatus
    /// The start-line is longer than the limit.
    case startLineTooLong
    /// The header section is larger than the limit, or has too many fields.
    case headerSectionTooLarge
    /// The body is larger than the limit.
    case bodyTooLarge
}
