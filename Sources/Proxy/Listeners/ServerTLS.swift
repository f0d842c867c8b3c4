import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// The certificates of a listener, which can be exchanged while it serves.
///
/// A connection keeps what it began with. Session tickets are sealed with keys of the context they were issued by, so that
/// they do not outlive it: after a change each client makes one full handshake.
package final class ServerTLS: Sendable {
    /// A certificate in use, for the log.
    package struct Certificate: Sendable, Equatable {
        /// The file it was read from.
        package let file: String
        /// The DNS names it is for.
        package let names: [String]
        /// When it expires, in seconds since 1970.
        package let expiresAtSeconds: Int64
    }

    private struct State {
        var context: NIOSSLContext
        var certificates: [Certificate]
        var fingerprints: [FileFingerprint?]
    }

    /// What was asked for.
    package let settings: TLSSettings
    private let state: NIOLockedValueBox<State>

    /// Reads the files.
    ///
    /// - Throws: ``TLSFailure`` with everything that is wrong with them.
    package init(_ settings: TLSSettings) throws(TLSFailure) {
        self.settings = settings
        state = NIOLockedValueBox(try Self.load(settings))
    }

    /// The certificates in use, in the order of the settings.
    package var certificates: [Certificate] { state.withLockedValue { $0.certificates } }

    /// What a new connection begins with.
    var context: NIOSSLContext { state.withLockedValue { $0.context } }

    /// Whether a file is another one than when they were read last.
    ///
    /// Looks at the disk, so not for an event loop.
    package var filesHaveChanged: Bool {
        Self.fingerprints(settings) != state.withLockedValue { $0.fingerprints }
    }

    /// Reads the files anew, for the connections to come.
    ///
    /// Reads from disk, so not for an event loop.
    /// - Throws: ``TLSFailure``; then everything stays as it was, and the files as they are now count as seen.
    package func reload() throws(TLSFailure) {
        let fingerprints = Self.fingerprints(settings)
        do throws(TLSFailure) {
            let new = try Self.load(settings)
            state.withLockedValue { $0 = new }
        } catch {
            state.withLockedValue { $0.fingerprints = fingerprints }
            throw error
        }
    }

    private static func fingerprints(_ settings: TLSSettings) -> [FileFingerprint?] {
        settings.files.map(FileFingerprint.init)
    }

    private static func load(_ settings: TLSSettings) throws(TLSFailure) -> State {
        // Taken before the files are read: a change in between is noticed by the next look.
        let fingerprints = fingerprints(settings)
        var problems: [TLSProblem] = []
        let identities = settings.certificates.enumerated().compactMap { index, files in
            ServerIdentity(files, index: index, problems: &problems)
        }
        var authorities: [NIOSSLCertificate] = []
        if let file = settings.clientCertificates.authorities {
            authorities =
                ServerIdentity.certificates(in: file, role: .clientAuthorities, problems: &problems) ?? []
        }
        guard problems.isEmpty, let first = identities.first else { throw TLSFailure(problems: problems) }
        do {
            let context = try NIOSSLContext(
                configuration: configuration(settings, first, among: identities, authorities))
            let certificates = zip(settings.certificates, identities).map { files, identity in
                Certificate(
                    file: files.certificate, names: identity.names, expiresAtSeconds: identity.expiresAtSeconds)
            }
            return State(context: context, certificates: certificates, fingerprints: fingerprints)
        } catch {
            // Each pair has been tried alone: what is left are the authorities.
            let file = settings.clientCertificates.authorities ?? settings.certificates[0].certificate
            throw TLSFailure(problems: [
                TLSProblem(
                    role: .clientAuthorities, file: file,
                    advice: "cannot be used by the TLS library; check that each certificate in it is whole")
            ])
        }
    }

    private static func configuration(
        _ settings: TLSSettings, _ first: ServerIdentity, among identities: [ServerIdentity],
        _ authorities: [NIOSSLCertificate]
    ) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain.map { .certificate($0) }, privateKey: .privateKey(first.privateKey))
        configuration.minimumTLSVersion = settings.minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        configuration.maximumTLSVersion = .tlsv13
        configuration.cipherSuites = cipherSuites
        configuration.renegotiationSupport = .none
        configuration.applicationProtocols =
            (settings.offersHTTP2 ? [ApplicationProtocol.http2.rawValue] : []) + [ApplicationProtocol.http1.rawValue]
        // The closing alert goes out; waiting for the client's own would only keep the connection. Whoever must give
        // the client time to read does so before closing.
        configuration.shutdownTimeout = .zero
        switch settings.clientCertificates {
        case .ignored: configuration.certificateVerification = .none
        case .optional: configuration.certificateVerification = .optionalVerification
        case .required: configuration.certificateVerification = .noHostnameVerification
        }
        configuration.trustRoots = .certificates(authorities)
        configuration.sendCANameList = !authorities.isEmpty
        guard identities.count > 1 else { return configuration }
        let table = ServerNameTable(identities.map(\.names))
        configuration.sslContextCallback = { values, promise in
            var override = NIOSSLContextConfigurationOverride.noChanges
            if let name = values.serverHostname, let index = table.index(for: name), index > 0 {
                override.certificateChain = identities[index].chain.map { .certificate($0) }
                override.privateKey = .privateKey(identities[index].privateKey)
            }
            promise.succeed(override)
        }
        return configuration
    }

    /// For TLS 1.2: forward secrecy and authenticated encryption, nothing else.
    ///
    /// Those of TLS 1.3 all are like that.
    private static let cipherSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")
}
