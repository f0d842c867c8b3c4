package import Foundation

/// One request of the shared corpus, with the outcome that is expected of a strict gateway.
package struct RequestVector: Decodable, Sendable {
    /// What the corpus's oracle says of the bytes.
    package struct Oracle: Decodable, Sendable {
        /// How many bytes after the request belong to the next one.
        package var restLength: Int?

        private enum CodingKeys: String, CodingKey { case restLength = "rest_len" }
    }

    /// Its name.
    package var id: String
    /// The bytes to send.
    package var raw: Data
    /// `reject`, `accept`, `wait`, or `reject-or-wait`.
    package var strict: String
    /// What the oracle says.
    package var oracle: Oracle
    /// The decoded body of an accepted request.
    package var body: Data?

    private enum CodingKeys: String, CodingKey {
        case id, strict, oracle
        case raw = "raw_b64"
        case body = "body_b64"
    }

    /// How many there are; fewer means that part of the corpus was not run.
    package static let count = 2440

    /// The whole corpus.
    /// - Throws: when it cannot be read.
    package static func all() throws -> [RequestVector] {
        try Vectors.lines(of: "http1/unified_requests.jsonl", as: RequestVector.self)
    }

    /// Requests that the corpus lets through and we refuse, each with the reason.
    package static let stricter: [String: String] = [
        "RFC9112-3.2-FRAGMENT-IN-TARGET": "a fragment is never sent; backends disagree about `#`",
        "GUNICORN-valid-005": "`#` in the target",
        "LLHTTP-request-uri-158": "`#` in the target",
        "BYTE-target-23": "`#` in the target",
        "MAL-URL-BACKSLASH": "some backends take `\\` for a slash",
        "LLHTTP-request-uri-151": "`\\` in the target",
        "BYTE-target-5c": "`\\` in the target",
        "BYTE-target-25": "an incomplete percent-encoding in the path",
        "BYTE-target-3b": "`;` in the path: servlet containers cut it off, others do not",
        "MAL-URL-PERCENT-NULL": "an encoded control byte in the path",
        "MAL-URL-PERCENT-CRLF": "encoded control bytes in the path",
        "GUNICORN-invalid-016": "a scheme other than http and https in absolute-form",
        "GUNICORN-valid-rfc9112_target_absolute_userinfo_01": "user information in an authority",
        "LLHTTP-request-uri-160": "user information in an authority",
        "COMP-EXPECT-UNKNOWN": "417 for an expectation nobody here meets (RFC 9110 section 10.1.1)",
        "MTX-CL-CL-expect-obfs": "417 for an expectation nobody here meets",
        "COMP-HTTP12-VERSION": "only 1.0 and 1.1 are spoken; llhttp refuses it too",
        "GUNICORN-invalid-009": "more field lines than the limit",
        "MTX-TE-connection": "`Connection` names a framing field",
        "MTX-CL-CL-connection": "`Connection` names a framing field",
        "MTX-CL-CL-int64max": "a length over 2^53 - 1",
        "MTX-CHUNK-int63": "a chunk over 2^53 - 1",
        "MTX-CHUNK-ext-bws": "white space around `;` and `=` of a chunk extension, which other readers refuse",
    ]
}
