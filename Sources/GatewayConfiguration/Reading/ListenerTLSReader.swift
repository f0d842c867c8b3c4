/// Reads `tls` of a listener.
struct ListenerTLSReader {
    let values: ValueReader
    /// Where relative paths start from.
    let folder: String

    func read(_ node: SettingNode) -> Configuration.ListenerTLS? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let certificates = readCertificates(section)
        return Configuration.ListenerTLS(
            certificates: certificates,
            minimumVersion: section.value("minimum_version", default: .tls12) { node in
                values.choice(node, of: [("1.2", .tls12), ("1.3", .tls13)])
            },
            offersHTTP2: section.boolean("http2", default: true),
            clientCertificates: readClientCertificates(section))
    }

    /// One pair, written here, or a list of pairs.
    private func readCertificates(_ section: SectionReader) -> [Configuration.CertificateFiles] {
        if let node = section.node("certificates") {
            for key in ["certificate", "private_key"] where section.node(key) != nil {
                values.problems.add(
                    .conflict, at: section.position(of: key), path: "\(section.path).\(key)",
                    found: "beside certificates", expected: "write it as one of the certificates")
            }
            return values.list(node, of: "certificates", allowsEmpty: false) { element in
                let pair = SectionReader(element, values: values)
                defer { pair.end() }
                return readPair(pair)
            } ?? []
        }
        guard section.node("certificate") != nil || section.node("private_key") != nil else {
            if section.isReadable {
                values.problems.add(
                    .missing, at: section.position, path: section.path, found: "there is no certificate",
                    expected: "write {certificate: FILE, private_key: FILE}, or several as `certificates`")
            }
            return []
        }
        return readPair(section).map { [$0] } ?? []
    }

    private func readPair(_ section: SectionReader) -> Configuration.CertificateFiles? {
        let certificate = section.required("certificate", "write the path of its file, in PEM form").flatMap(file)
        let key = section.required("private_key", "write the path of its file, in PEM form").flatMap(file)
        guard let certificate, let key else { return nil }
        return Configuration.CertificateFiles(
            keyPath: section.path, certificateFile: certificate, privateKeyFile: key)
    }

    private func readClientCertificates(_ section: SectionReader) -> Configuration.ListenerTLS.ClientCertificates {
        let authorities = section.node("client_ca").flatMap(file)
        let isRequired = section.node("client_certificates").flatMap { node in
            values.choice(node, of: [("optional", false), ("required", true)])
        }
        guard let authorities else {
            if isRequired != nil, !section.isWritten("client_ca") {
                values.problems.add(
                    .conflict, at: section.position(of: "client_certificates"),
                    path: "\(section.path).client_certificates", found: "nothing to judge client certificates by",
                    expected: "write client_ca, the file of the authority they come from")
            }
            return .ignored
        }
        return isRequired == false ? .optional(authorities: authorities) : .required(authorities: authorities)
    }

    private func file(_ node: SettingNode) -> String? {
        values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
    }
}
