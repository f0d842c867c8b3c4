/// Why a message is malformed (RFC 9113 section 8.1.1): its stream is reset with `PROTOCOL_ERROR`.
enum HTTP2Violation: UInt8, Error, Equatable {
    /// A pseudo-header field is unknown, missing, sent twice, or not before the other fields.
    case pseudoField
    /// A field name is empty, not a token, or has a capital letter.
    case fieldName
    /// A field value has a control byte, or a space at either end, or was not UTF-8.
    case fieldValue
    /// A field that belongs to HTTP/1.1 connections (RFC 9113 section 8.2.2), or `te` other than `trailers`.
    case connectionField
    /// The method is not a token.
    case method
    /// The scheme is neither `http` nor `https`.
    case scheme
    /// The path is not one, or has a byte that could end a request line.
    case path
    /// The authority is empty or has such a byte, or `host` names another.
    case authority
    /// `content-length` is not one number, or not the number of bytes in DATA frames.
    case contentLength
    /// A second header block before the end of the stream.
    case trailers
}
