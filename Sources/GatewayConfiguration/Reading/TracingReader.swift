/// Reads `tracing`.
struct TracingReader {
    let values: ValueReader

    /// - Returns: `nil` when something that is needed is missing or refused; it has been reported.
    func read(_ node: SettingNode) -> Configuration.Tracing? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let endpoint = section.required(
            "endpoint", "write the URL that takes OTLP, such as http://127.0.0.1:4318/v1/traces")
        let ratio = section.value("sample_ratio", default: 0.01) { values.fraction($0, allowsZero: true) }
        let name = section.value("service_name", default: "portcullis") { node in
            values.text(node) { text throws(SettingMismatch) in
                guard text.utf8.count <= 255 else { throw SettingMismatch("at most 255 bytes") }
                return text
            }
        }
        let headers = section.node("headers").map(readHeaders) ?? []
        guard let headers, let url = endpoint.flatMap({ values.text($0, as: CollectorURL.parse) }) else { return nil }
        return Configuration.Tracing(endpoint: url, sampleRatio: ratio, serviceName: name, headers: headers)
    }

    /// `headers: {NAME: VALUE}`.
    ///
    /// - Returns: `nil` when one of them is refused.
    private func readHeaders(_ node: SettingNode) -> [Configuration.Tracing.Header]? {
        guard case .mapping(let entries) = node.content else {
            _ = SectionReader(node, values: values)
            return nil
        }
        var names: Set<String> = []
        let headers = entries.compactMap { entry -> Configuration.Tracing.Header? in
            let name = entry.key.lowercased()
            guard Self.isToken(entry.key), !Self.ownNames.contains(name), names.insert(name).inserted else {
                values.problems.add(
                    .badValue, at: entry.keyPosition, path: entry.value.path, found: "not a name",
                    expected: "expected the name of a field, once, and not one that the gateway sends itself")
                return nil
            }
            let value = values.text(entry.value, isSecret: true) { text throws(SettingMismatch) in
                guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !text.hasPrefix(" "), !text.hasSuffix(" ")
                else { throw SettingMismatch("printable ASCII characters, without spaces around them") }
                return Secret(text)
            }
            return value.map { Configuration.Tracing.Header(name: entry.key, value: $0) }
        }
        return headers.count == entries.count ? headers : nil
    }

    /// What says how a request is to be read, and what the gateway says of itself.
    private static let ownNames: Set<String> = [
        "connection", "content-encoding", "content-length", "content-type", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade", "user-agent",
    ]

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0.isOne(of: "!#$%&'*+-.^_`|~") }
    }
}
