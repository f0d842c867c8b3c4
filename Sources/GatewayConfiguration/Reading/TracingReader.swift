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
        guard let url = endpoint.flatMap({ values.text($0, as: CollectorURL.parse) }) else { return nil }
        return Configuration.Tracing(endpoint: url, sampleRatio: ratio, serviceName: name)
    }
}
