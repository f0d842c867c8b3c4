import COpenSSL

/// Whom a certificate is for, by name.
package enum CertificateName {
    /// Looks for a host's name in a certificate: among its alternative names, and in its subject only where it has none at
    /// all (RFC 6125 section 6.4).
    ///
    /// A wildcard stands for one whole label. Addresses that the certificate is for count for nothing.
    ///
    /// - Parameters:
    ///   - certificate: the certificate, encoded by DER.
    ///   - name: the name of the host; a dot at its end makes no difference.
    /// - Returns: whether it is there; `false` also for what is no certificate.
    package static func covers(_ certificate: [UInt8], _ name: String) -> Bool {
        let name = name.hasSuffix(".") ? String(name.dropLast()) : name
        guard !name.isEmpty else { return false }
        let parsed = certificate.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var next = bytes.baseAddress
            return d2i_X509(nil, &next, bytes.count)
        }
        guard let parsed else {
            OpenSSLErrorQueue.clear()
            return false
        }
        defer { X509_free(parsed) }
        var flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        if X509_get_ext_by_NID(parsed, NID_subject_alt_name, -1) >= 0 {
            flags |= UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        }
        let outcome = name.withCString { X509_check_host(parsed, $0, name.utf8.count, flags, nil) }
        OpenSSLErrorQueue.clear()
        return outcome == 1
    }
}
