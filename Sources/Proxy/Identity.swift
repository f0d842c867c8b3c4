/// Who a request comes from, rendered once per token: the `X-Auth-*` lines and what the access log shows.
package final class Identity: Sendable {
    /// Complete header lines, each with its CR LF.
    package let headerLines: [UInt8]
    /// The subject as the log may show it: a digest, unless configured otherwise.
    ///
    /// Free of characters to be escaped.
    package let loggedSubject: String

    /// Makes an identity of rendered lines.
    package init(headerLines: [UInt8], loggedSubject: String) {
        self.headerLines = headerLines
        self.loggedSubject = loggedSubject
    }
}
