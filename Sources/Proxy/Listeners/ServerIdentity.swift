import Foundation
import NIOSSL

/// A certificate chain with its key, read from files and found to belong together.
struct ServerIdentity: Sendable {
    /// A certificate is some kilobytes; a chain never is a megabyte.
    private static let byteLimit = 1 << 20

    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    /// The DNS names that it is for (the subject alternative names of RFC 5280 section 4.2.1.6).
    let names: [String]
    /// When it expires, in seconds since 1970.
    let expiresAtSeconds: Int64

    /// Reads the pair with an index, and adds what is wrong with it to the problems.
    init?(_ files: TLSSettings.CertificateFiles, index: Int, problems: inout [TLSProblem]) {
        func add(_ role: TLSProblem.Role, _ file: String, _ advice: String) {
            problems.append(TLSProblem(role: role, file: file, advice: advice))
        }
        let chain = Self.certificates(in: files.certificate, role: .certificate(index), problems: &problems)
        let key = Self.privateKey(in: files.privateKey, role: .privateKey(index), problems: &problems)
        guard let chain, let leaf = chain.first, let key else { return nil }
        var pair = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        pair.privateKey = nil
        guard (try? NIOSSLContext(configuration: pair)) != nil else {
            add(
                .certificate(index), files.certificate,
                "is not for a TLS server: its key usage must allow digital signatures, and its key be an RSA or ECDSA "
                    + "one; the server's own certificate comes first in the file")
            return nil
        }
        pair.privateKey = .privateKey(key)
        guard (try? NIOSSLContext(configuration: pair)) != nil else {
            add(
                .privateKey(index), files.privateKey,
                "is not the key of the first certificate in \(files.certificate); name the right key, or put the "
                    + "server's own certificate first")
            return nil
        }
        self.chain = chain
        privateKey = key
        names = (leaf._subjectAlternativeNames()).filter { $0.nameType == .dnsName }
            .map { String(decoding: $0.contents, as: UTF8.self) }
        expiresAtSeconds = Int64(leaf.notValidAfter)
        if index > 0, names.isEmpty {
            add(
                .certificate(index), files.certificate,
                "has no DNS name among its subject alternative names, so no client would get it; have it issued with "
                    + "names, or leave it out")
            return nil
        }
    }

    /// Reads the certificates of a file; `nil`, with a problem added, when there are none.
    static func certificates(
        in file: String, role: TLSProblem.Role, problems: inout [TLSProblem]
    ) -> [NIOSSLCertificate]? {
        guard let bytes = read(file, role, &problems) else { return nil }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            let advice = "holds no certificate that can be read; it must be in PEM form"
            problems.append(TLSProblem(role: role, file: file, advice: advice))
            return nil
        }
        return certificates
    }

    private static func privateKey(
        in file: String, role: TLSProblem.Role, problems: inout [TLSProblem]
    ) -> NIOSSLPrivateKey? {
        guard let bytes = read(file, role, &problems) else { return nil }
        // Asked first, so that nothing is ever asked for a passphrase.
        if String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED") {
            let advice =
                "is encrypted, and nobody is there to give the passphrase; write it out with: openssl pkey -in FILE"
            problems.append(TLSProblem(role: role, file: file, advice: advice))
            return nil
        }
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            let advice = "holds no private key that can be read; it must be in PEM form"
            problems.append(TLSProblem(role: role, file: file, advice: advice))
            return nil
        }
        return key
    }

    private static func read(_ file: String, _ role: TLSProblem.Role, _ problems: inout [TLSProblem]) -> [UInt8]? {
        guard let handle = FileHandle(forReadingAtPath: file),
            let data = try? handle.read(upToCount: byteLimit + 1)
        else {
            let advice = "cannot be read; check the path, that it is not empty, and its permissions"
            problems.append(TLSProblem(role: role, file: file, advice: advice))
            return nil
        }
        guard data.count <= byteLimit else {
            problems.append(TLSProblem(role: role, file: file, advice: "is larger than 1 MiB; name another file"))
            return nil
        }
        return [UInt8](data)
    }
}
