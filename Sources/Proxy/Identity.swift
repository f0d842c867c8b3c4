/// Who a request comes from, rendered once per token: the `X-Auth-*` lines and what the access log shows.
package final class Identity {
    /// Complete header lines, each with its CR LF.
    package let headerLines: [UInt8]
    /// The subject as the log may show it: a digest, unless configured otherwise.
    ///
    /// Free of characters to be escaped.
    package private(set) lazy var loggedSubject = makeLoggedSubject()
    private let makeLoggedSubject: () -> String

    /// Makes an identity of rendered lines.
    ///
    /// - Parameters:
    ///   - headerLines: complete lines.
    ///   - loggedSubject: what logs show; made when it is asked for first, because it takes a digest.
    package init(headerLines: [UInt8], loggedSubject: @autoclosure @escaping () -> String) {
        self.headerLines = headerLines
        makeLoggedSubject = loggedSubject
    }
}
