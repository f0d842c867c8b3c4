import NIOCore
import NIOSSL
import PeerIdentity

/// How connections to Redis are encrypted: the server must show a certificate of the authority, for the name it is
/// reached by.
package struct RedisTLS: Sendable {
    /// Which file cannot be used.
    package struct Failure: Error, Equatable {
        /// The setting that names it: `ca`, `certificate` or `private_key`.
        package let setting: String
    }

    private let context: NIOSSLContext
    private let serverName: String?

    /// Reads the files.
    /// - Parameters:
    ///   - authorityFile: certificates in PEM form of who may vouch for the server; without it the system's.
    ///   - certificateFile: our own certificate and what leads from it to the authority, when the server asks for one.
    ///   - privateKeyFile: its key, in PEM form.
    ///   - serverName: the name the certificate must be for, when it is not the host's.
    /// - Throws: `Failure`.
    package init(
        authorityFile: String?, certificateFile: String?, privateKeyFile: String?, serverName: String?
    ) throws(Failure) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        configuration.minimumTLSVersion = .tlsv12
        configuration.renegotiationSupport = .none
        // The closing alert goes out; waiting for the server's own would only keep the socket.
        configuration.shutdownTimeout = .zero
        if let authorityFile {
            configuration.trustRoots = .certificates(try Self.certificates(authorityFile, setting: "ca"))
        }
        if let certificateFile, let privateKeyFile {
            let chain = try Self.certificates(certificateFile, setting: "certificate")
            guard let key = try? NIOSSLPrivateKey(file: privateKeyFile, format: .pem) else {
                throw Failure(setting: "private_key")
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(key)
        }
        // What is left to go wrong is a key that is not the certificate's.
        guard let context = try? NIOSSLContext(configuration: configuration) else {
            throw Failure(setting: "private_key")
        }
        self.context = context
        self.serverName = serverName
    }

    private static func certificates(_ file: String, setting: String) throws(Failure) -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
            throw Failure(setting: setting)
        }
        return certificates
    }

    /// Whether nodes are better reached by name, since that is what their certificates are judged by.
    var prefersHostNames: Bool { serverName == nil }

    /// Adds what makes and checks TLS between a channel's socket and Redis.
    func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations, for endpoint: RedisEndpoint) throws {
        let name = serverName ?? endpoint.hostName
        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
        if let name { try pipeline.addHandler(PeerNameCheck(name: name)) }
    }

    /// Whether an error comes from TLS rather than from the socket.
    static func isFailure(_ error: any Error) -> Bool {
        error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError || error is PeerNameMismatch
    }
}

extension RedisEndpoint {
    /// The host when it is a name: addresses are not sent as server names (RFC 6066 section 3), and the certificate is
    /// then judged by the address.
    fileprivate var hostName: String? {
        guard case .tcp(let host, _) = self, (try? SocketAddress(ipAddress: host, port: 0)) == nil else { return nil }
        return host
    }
}
