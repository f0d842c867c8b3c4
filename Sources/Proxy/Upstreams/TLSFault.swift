import NIOSSL
import PeerIdentity

/// What an operator is told when TLS to a target could not be agreed on.
enum TLSFault {
    /// Says what is wrong and what to do.
    ///
    /// - Parameter error: what the TLS library threw; nothing that a client sent is in it.
    /// - Returns: its own words, shortened, where they are not among those known here; `nil` when it is not about TLS.
    static func text(of error: any Error) -> String? {
        if error is PeerNameMismatch { return anotherName }
        guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else { return nil }
        let words = "\(error)"
        for (mark, text) in known where words.contains(mark) { return text }
        return String(words.prefix(300))
    }

    private static let anotherName = "its certificate is for another name: say which as tls.server_name"

    private static let known = [
        (
            "CERTIFICATE_VERIFY_FAILED",
            "its certificate is issued by nobody trusted here, or has expired: name its authority as tls.ca"
        ),
        ("failedToValidateHostname", anotherName),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS: write http:// in targets"),
        ("CERTIFICATE_REQUIRED", "it wants a certificate: give tls.certificate and tls.private_key"),
    ]
}
