import Foundation
import GatewayConfiguration
import Proxy

/// Whether the certificates of listeners can be used, and for how long.
enum CertificateExamination {
    private static let check = "certificate"
    private static let noticeSeconds: Int64 = 14 * 86_400

    static func findings(_ configuration: Configuration) -> [Finding] {
        let now = Int64(Date.now.timeIntervalSince1970)
        return configuration.listeners.publicListeners.flatMap { settings -> [Finding] in
            var plans: [ListenerPlan] = []
            var problems: [String] = []
            ListenerPlan.load(settings, &plans, &problems)
            let findings = problems.map { Finding(.problem, check, $0) }
            return findings
                + plans.flatMap { $0.tls?.certificates ?? [] }.map { certificate in
                    finding(
                        "\(settings.keyPath).tls: \(certificate.file)", expiresAtSeconds: certificate.expiresAtSeconds,
                        nowSeconds: now)
                }
        }
    }

    static func finding(_ name: String, expiresAtSeconds: Int64, nowSeconds: Int64) -> Finding {
        let day = Date(timeIntervalSince1970: Double(expiresAtSeconds)).formatted(.iso8601)
        guard expiresAtSeconds > nowSeconds else {
            return Finding(.problem, check, "\(name) expired at \(day), and clients refuse it; renew it")
        }
        guard expiresAtSeconds - nowSeconds > noticeSeconds else {
            return Finding(.warning, check, "\(name) expires at \(day); renew it")
        }
        return Finding(.ok, check, "\(name) is good until \(day)")
    }
}
