import NIOCore
import NIOSSL
import PeerIdentity

/// How the targets of an upstream are spoken to over TLS: whom to trust, who to be, and by which name.
///
/// Certificates are always verified, the name (or the address, where a target has no name) included.
package struct UpstreamTLS: Sendable, Equatable {
    /// Which file cannot be used.
    package enum Failure: Error, Equatable {
        /// No certificate can be read from the file of trusted ones.
        case trustedCertificates
        /// No certificate can be read from the file of the gateway's own chain.
        case certificate
        /// No unencrypted private key can be read.
        case privateKey
        /// The files can be read, but do not go together.
        case mismatch
    }

    private let context: NIOSSLContext
    private let serverName: String?
    /// The files, and what they were when they were read.
    private let files: [String?]
    private let fingerprints: [FileFingerprint?]

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - trustedCertificatesFile: whom to trust, PEM; `nil` for whom the system trusts.
    ///   - certificateFile: the gateway's own chain, leaf first, PEM, for targets that ask for one.
    ///   - privateKeyFile: its key, PEM.
    ///   - serverName: the name that is asked for (SNI) and that the certificate must have, instead of the target's.
    /// - Throws: ``Failure``.
    package init(
        trustedCertificatesFile: String? = nil, certificateFile: String? = nil, privateKeyFile: String? = nil,
        serverName: String? = nil
    ) throws(Failure) {
        files = [trustedCertificatesFile, certificateFile, privateKeyFile]
        // Taken before they are read: a change in between makes another value the next time.
        fingerprints = files.map { $0.flatMap(FileFingerprint.init) }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        configuration.applicationProtocols = ["http/1.1"]
        // A target that does not say goodbye must not keep a connection open that is done with.
        configuration.shutdownTimeout = .seconds(1)
        if let trustedCertificatesFile {
            configuration.trustRoots = .certificates(
                try Self.certificates(trustedCertificatesFile, or: .trustedCertificates))
        }
        if let certificateFile, let privateKeyFile {
            configuration.certificateChain = try Self.certificates(certificateFile, or: .certificate).map {
                .certificate($0)
            }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem))
            } catch {
                throw .privateKey
            }
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .mismatch
        }
        self.serverName = serverName
    }

    /// The same files with the same content, and the same name.
    package static func == (left: UpstreamTLS, right: UpstreamTLS) -> Bool {
        left.serverName == right.serverName && left.files == right.files && left.fingerprints == right.fingerprints
    }

    /// Adds what makes and checks TLS on one connection to a target.
    func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations, for target: Upstream.Target) throws {
        // An address is not sent as a name (RFC 6066 section 3); it is compared with the certificate all the same.
        let name = serverName ?? Self.hostName(of: target)
        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
        if let name { try pipeline.addHandler(PeerNameCheck(name: name)) }
    }

    private static func hostName(of target: Upstream.Target) -> String? {
        guard case .network(let host, _) = target.address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }

    private static func certificates(_ path: String, or failure: Failure) throws(Failure) -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else { throw failure }
        return certificates
    }
}
