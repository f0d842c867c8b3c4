/// Who a request comes from, rendered once per token: the `X-Auth-*` lines and what the access log shows.
package final class Identity {
    /// Complete header lines, each with its CR LF.
    package let headerLines: [UInt8]
    /// The subject as the log may show it: a digest, unless configured otherwise.
    ///
    /// Free of characters to be escaped.
    package private(set) lazy var loggedSubject = makeLoggedSubject()
    /// Whom requests are counted for where a route is limited.
    package private(set) lazy var countingKeys = makeCountingKeys()
    private let makeLoggedSubject: () -> String
    private let makeCountingKeys: () -> CountingKeys

    /// Makes an identity of rendered lines.
    ///
    /// - Parameters:
    ///   - headerLines: complete lines.
    ///   - countingKeys: made when they are asked for first, because they take digests.
    ///   - loggedSubject: what logs show; made when it is asked for first, because it takes a digest.
    package init(
        headerLines: [UInt8], countingKeys: @autoclosure @escaping () -> CountingKeys,
        loggedSubject: @autoclosure @escaping () -> String
    ) {
        self.headerLines = headerLines
        makeCountingKeys = countingKeys
        makeLoggedSubject = loggedSubject
    }
}

/// Whom requests are counted for, as digests: equal only for the same subject, or the same client, of the same issuer.
package struct CountingKeys: Sendable, Equatable {
    /// The subject.
    package let subject: UInt128
    /// The client that the credential was given to.
    package let client: UInt128

    /// Makes keys.
    package init(subject: UInt128, client: UInt128) {
        self.subject = subject
        self.client = client
    }
}
