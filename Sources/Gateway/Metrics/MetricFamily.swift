/// The metrics that are kept through swift-metrics, each with its name and what it tells.
///
/// Those of the data path stand in ``MetricsDocument``, which reads them from the event loops.
enum MetricFamily: String, CaseIterable {
    case refreshes = "refresh_total"
    case tokensIssued = "tokens_issued_total"
    case logins = "logins_total"
    case revocationWrites = "revocation_writes_total"
    case keySetFetches = "jwks_fetches_total"
    case lastReloadSuccessful = "config_last_reload_successful"

    /// What stands before every name.
    static let prefix = "portcullis_"

    /// The name in the document.
    var name: String { Self.prefix + rawValue }

    /// What it is.
    var kind: PrometheusText.Kind {
        switch self {
        case .lastReloadSuccessful: .gauge
        case .refreshes, .tokensIssued, .logins, .revocationWrites, .keySetFetches: .counter
        }
    }

    /// One line for people.
    var help: String {
        switch self {
        case .refreshes: "Refreshes by result: rotated, grace, reuse, expired, invalid or unavailable."
        case .tokensIssued: "Access tokens issued, by grant."
        case .logins: "Logins by result."
        case .revocationWrites: "Revocations by kind and whether Redis has taken them."
        case .keySetFetches: "Fetches of other issuers' key sets, by issuer and result."
        case .lastReloadSuccessful: "Whether the last reload took everything up: 1, or 0 when something was refused."
        }
    }
}
