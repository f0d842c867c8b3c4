import Foundation
import GatewayConfiguration
import Logging
import Proxy

/// Exchanges the certificates of a listener; connections that there are keep the ones they began with.
struct CertificateReloading: Reloadable {
    let settings: Configuration.PublicListener
    let tls: ServerTLS
    let logger: Logger

    var name: String { "\(settings.keyPath).tls" }

    func hasChanged() -> Bool { tls.filesHaveChanged }

    func reload() throws(ReloadFailure) -> [String: String] {
        do throws(TLSFailure) {
            try tls.reload()
        } catch {
            throw ReloadFailure(problems: error.problems.map { ListenerPlan.description(of: $0, in: settings) })
        }
        warnOfExpiry()
        let names = tls.certificates.flatMap(\.names).joined(separator: " ")
        return ["names": names, "expires": tls.certificates.map(\.expiry).min() ?? ""]
    }

    /// Says so when a certificate has expired: clients refuse it, and the operator should hear it first.
    func warnOfExpiry() {
        let now = Int64(Date.now.timeIntervalSince1970)
        for certificate in tls.certificates where certificate.expiresAtSeconds <= now {
            logger.warning(
                "a certificate has expired: clients refuse it; renew it",
                metadata: ["part": "\(name)", "file": "\(certificate.file)", "expires": "\(certificate.expiry)"])
        }
    }
}

extension ServerTLS.Certificate {
    /// The time it expires, as in RFC 3339.
    fileprivate var expiry: String {
        Date(timeIntervalSince1970: TimeInterval(expiresAtSeconds)).formatted(.iso8601)
    }
}
