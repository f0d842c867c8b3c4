import GatewayConfiguration
import Logging
import Proxy

/// A public listener as the configuration has it, with its certificates read.
struct ListenerPlan: Sendable {
    let settings: Configuration.PublicListener
    let tls: ServerTLS?

    /// What the data path is to listen on.
    var listener: Listener {
        let address: Listener.Address =
            switch settings.address {
            case .tcp(let address): .tcp(host: address.host, port: address.port)
            case .unix(let path, let mode): .unix(path: path, mode: mode)
            }
        return Listener(
            address: address, sharesPort: settings.reusesPort, tls: tls,
            expectsProxyProtocol: settings.expectsProxyProtocol)
    }

    /// Reads the certificates of every listener.
    ///
    /// - Throws: ``GatewayError`` that names every file that cannot be used.
    static func load(_ configuration: Configuration) throws(GatewayError) -> [ListenerPlan] {
        var problems: [String] = []
        var plans: [ListenerPlan] = []
        for settings in configuration.listeners.publicListeners {
            load(settings, &plans, &problems)
        }
        guard problems.isEmpty else { throw GatewayError(.configuration, problems.joined(separator: "\nportcullis: ")) }
        return plans
    }

    /// Reads the certificates of one listener, or says what is wrong with each file.
    static func load(
        _ settings: Configuration.PublicListener, _ plans: inout [ListenerPlan], _ problems: inout [String]
    ) {
        guard let written = settings.tls else {
            plans.append(ListenerPlan(settings: settings, tls: nil))
            return
        }
        do throws(TLSFailure) {
            plans.append(ListenerPlan(settings: settings, tls: try ServerTLS(TLSSettings(written))))
        } catch {
            problems += error.problems.map { description(of: $0, in: settings) }
        }
    }

    /// A problem with the key of the setting that names the file.
    static func description(of problem: TLSProblem, in settings: Configuration.PublicListener) -> String {
        let pairs = settings.tls?.certificates.map(\.keyPath) ?? []
        func key(_ index: Int, _ name: String) -> String {
            "\(pairs.indices.contains(index) ? pairs[index] : "\(settings.keyPath).tls").\(name)"
        }
        let key =
            switch problem.role {
            case .certificate(let index): key(index, "certificate")
            case .privateKey(let index): key(index, "private_key")
            case .clientAuthorities: "\(settings.keyPath).tls.client_ca"
            }
        return "\(key): \(problem.file) \(problem.advice)"
    }
}

extension TLSSettings {
    init(_ tls: Configuration.ListenerTLS) {
        self.init(
            certificates: tls.certificates.map {
                CertificateFiles(certificate: $0.certificateFile, privateKey: $0.privateKeyFile)
            },
            minimumVersion: tls.minimumVersion == .tls13 ? .tls13 : .tls12,
            offersHTTP2: tls.offersHTTP2)
        switch tls.clientCertificates {
        case .ignored: break
        case .optional(let authorities): clientCertificates = .optional(authorities: authorities)
        case .required(let authorities): clientCertificates = .required(authorities: authorities)
        }
    }
}
