extension Configuration {
    /// TLS of a listener.
    package struct ListenerTLS: Sendable, Equatable {
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
        }

        /// The certificates, at least one; the first is for clients that name no server.
        package var certificates: [CertificateFiles]
        /// The oldest version that is spoken.
        package var minimumVersion: Version
        /// Whether HTTP/2 is offered.
        package var offersHTTP2: Bool
        /// What is asked of clients.
        package var clientCertificates: ClientCertificates
    }

    /// A certificate and its key.
    package struct CertificateFiles: Sendable, Equatable {
        /// The mapping they are written in, such as `listeners.public.tls.certificates[1]`, for advice.
        package var keyPath: String
        /// The file with the certificate, followed by those that lead to the authority.
        package var certificateFile: String
        /// The file with its key.
        package var privateKeyFile: String
    }
}

extension Configuration.PublicAddress: CustomStringConvertible {
    /// The address as it is written in the file.
    package var description: String {
        switch self {
        case .tcp(let address): address.description
        case .unix(let path, _): "unix:\(path)"
        }
    }
}

extension Configuration.ListenAddress: CustomStringConvertible {
    /// The address as it is written in the file.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
