/// Who a request comes from, rendered once per token: the `X-Auth-*` lines and what the access log shows.
package final class Identity {
    /// Complete header lines, each with its CR LF.
    package let headerLines: [UInt8]
    /// What takes digests, so that it is made when it is asked for first, and at once: each of its own would cost memory
    /// for every token that is remembered.
    private lazy var traces = makeTraces()
    private let makeTraces: () -> IdentityTraces

    /// Makes an identity of rendered lines.
    ///
    /// - Parameters:
    ///   - headerLines: complete lines.
    ///   - traces: what is counted and logged of it; made when it is asked for first.
    package init(headerLines: [UInt8], traces: @autoclosure @escaping () -> IdentityTraces) {
        self.headerLines = headerLines
        makeTraces = traces
    }

    /// The subject as the log may show it: a digest, unless configured otherwise.
    ///
    /// Free of characters to be escaped.
    package var loggedSubject: String { traces.loggedSubject }
    /// Whom requests are counted for where a route is limited.
    package var countingKeys: CountingKeys { traces.countingKeys }
}

/// What is counted and logged of an identity, in the place of its names.
package struct IdentityTraces: Sendable {
    let countingKeys: CountingKeys
    let loggedSubject: String

    /// Makes them.
    ///
    /// - Parameters:
    ///   - countingKeys: whom its requests are counted for.
    ///   - loggedSubject: what logs show of the subject.
    package init(countingKeys: CountingKeys, loggedSubject: String) {
        self.countingKeys = countingKeys
        self.loggedSubject = loggedSubject
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
