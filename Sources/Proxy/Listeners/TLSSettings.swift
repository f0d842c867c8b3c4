/// What a listener is to do about TLS, as the operator said it.
package struct TLSSettings: Sendable, Equatable {
    /// A certificate and its key, as files in PEM form.
    package struct CertificateFiles: Sendable, Equatable {
        /// The certificate, followed by those that lead to the authority.
        package var certificate: String
        /// The key of the first certificate in the file.
        package var privateKey: String

        /// Names the files.
        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// The oldest version of the protocol that is spoken.
    package enum Version: Sendable, Equatable {
        case tls12, tls13
    }

    /// What is asked of clients.
    package enum ClientCertificates: Sendable, Equatable {
        /// Nothing.
        case ignored
        /// A certificate that is sent must come from an authority in the file.
        case optional(authorities: String)
        /// A certificate that comes from an authority in the file.
        case required(authorities: String)

        /// The file with the authorities.
        var authorities: String? {
            switch self {
            case .ignored: nil
            case .optional(let file), .required(let file): file
            }
        }
    }

    /// The certificates; the first is for whoever names no server, or one that no certificate is for.
    package var certificates: [CertificateFiles]
    /// The oldest version that is spoken; the newest is TLS 1.3.
    package var minimumVersion: Version
    /// What is asked of clients.
    package var clientCertificates: ClientCertificates
    /// Whether HTTP/2 is offered by ALPN, before HTTP/1.1.
    package var offersHTTP2: Bool

    /// Says what is wanted.
    package init(
        certificates: [CertificateFiles], minimumVersion: Version = .tls12,
        clientCertificates: ClientCertificates = .ignored, offersHTTP2: Bool = false
    ) {
        self.certificates = certificates
        self.minimumVersion = minimumVersion
        self.clientCertificates = clientCertificates
        self.offersHTTP2 = offersHTTP2
    }

    /// Every file that is read.
    var files: [String] {
        certificates.flatMap { [$0.certificate, $0.privateKey] } + [clientCertificates.authorities].compactMap(\.self)
    }
}
