import HTTPTypes
import Hummingbird
import Proxy

/// Tells requests of the gateway's own pages from those that another site has caused (OWASP, cross-site request forgery).
///
/// Browsers set `Sec-Fetch-Site` and `Origin` themselves; no page can.
struct OriginProof: Sendable {
    private static let site = HTTPField.Name("Sec-Fetch-Site")

    /// The origin of `tokens.issuer`.
    private let ownOrigin: String?

    /// - Parameter issuer: the URL that clients know this gateway by.
    init(issuer: String) {
        ownOrigin = Self.origin(of: issuer)
    }

    /// Insists that a page of this origin sent the request.
    ///
    /// - Throws: ``Problem``.
    func require(_ request: Request) throws {
        switch evidence(in: request) {
        case .own: return
        case .none, .foreign: throw Problem.otherOrigin
        }
    }

    /// Refuses a request that shows another origin; one that shows none may come from any program.
    ///
    /// - Throws: ``Problem``.
    func refuseForeign(_ request: Request) throws {
        if case .foreign = evidence(in: request) { throw Problem.otherOrigin }
    }

    private enum Evidence {
        case own
        case foreign
        case none
    }

    private func evidence(in request: Request) -> Evidence {
        let sites = Self.site.map { request.headers[values: $0] } ?? []
        let origins = request.headers[values: .origin]
        guard sites.count <= 1, origins.count <= 1 else { return .foreign }
        let isOwnOrigin = origins.first.map {
            isOwn($0, authority: request.head.authority ?? "", isSameOrigin: sites.first == "same-origin")
        }
        // Whatever one of both says against it counts.
        switch (sites.first, isOwnOrigin) {
        case (_, false): return .foreign
        case ("same-origin", _): return .own
        // Typed into the address line.
        case ("none", nil): return .none
        case (.some, _): return .foreign
        case (nil, true): return .own
        case (nil, nil): return .none
        }
    }

    /// Whether an `Origin` is ours: the issuer's, or https with the host that the request names.
    ///
    /// A page in clear of that host could be anybody's who is on the network, unless the browser says that it talks to its
    /// own origin (`http://localhost`).
    private func isOwn(_ origin: String, authority: String, isSameOrigin: Bool) -> Bool {
        if let ownOrigin, origin == ownOrigin { return true }
        return origin == Self.origin(of: "https://\(authority)")
            || (isSameOrigin && origin == Self.origin(of: "http://\(authority)"))
    }

    /// Scheme, host and port as browsers write them in `Origin`.
    private static func origin(of url: String) -> String? {
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }.lowercased()
        guard !authority.isEmpty else { return nil }
        let standard = scheme == "https://" ? ":443" : ":80"
        return scheme + (authority.hasSuffix(standard) ? String(authority.dropLast(standard.count)) : authority)
    }
}

extension Problem {
    /// The cookie came with a request that no page of this origin is seen to have sent.
    static let otherOrigin = Problem(
        status: 403, error: "access_denied", description: "only pages of this origin may use the refresh cookie")
}
