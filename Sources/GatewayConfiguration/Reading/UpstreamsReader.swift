/// Reads `upstreams`.
struct UpstreamsReader {
    let values: ValueReader

    /// The readable upstreams, and the names of all; `nil` when there is no telling.
    func read(_ root: SectionReader) -> (upstreams: [Configuration.Upstream], names: [String]?) {
        guard
            let node = root.required(
                "upstreams", "write where requests go: {api: {targets: [\"http://127.0.0.1:9000\"]}}")
        else { return ([], nil) }
        guard case .mapping(let entries) = node.content else {
            _ = SectionReader(node, values: values)
            return ([], nil)
        }
        let upstreams = entries.compactMap { entry in
            checkName(entry)
            return read(entry)
        }
        return (upstreams, entries.map(\.key))
    }

    private func checkName(_ entry: SettingNode.Entry) {
        let bytes = entry.key.utf8
        let isGood =
            (1...64).contains(bytes.count)
            && bytes.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == 0x2D || $0 == 0x5F }
        if !isGood {
            values.problems.add(
                .badValue, at: entry.keyPosition, path: entry.value.path, found: "not a name",
                expected: "expected 1 to 64 letters, digits, - and _")
        }
    }

    private func read(_ entry: SettingNode.Entry) -> Configuration.Upstream? {
        let section = SectionReader(entry.value, values: values)
        defer { section.end() }
        section.notSupportedYet("health")
        section.notSupportedYet("retries", unless: "0")
        let targets = section.required("targets", "write its addresses, such as [\"http://127.0.0.1:9000\"]")
            .flatMap { node in
                values.distinctList(node, of: "targets", allowsEmpty: false) { element in
                    values.text(element, as: Configuration.Target.init(url:))
                }
            }
        let upstream = Configuration.Upstream(
            name: entry.key,
            targets: targets ?? [],
            balance: section.value("balance", default: .roundRobin) { node in
                values.choice(node, of: [("round_robin", .roundRobin)], later: ["least_requests"])
            },
            connectTimeoutMilliseconds: section.milliseconds("connect_timeout", default: 1000, in: 10...60_000),
            responseTimeoutMilliseconds: section.milliseconds("response_timeout", default: 30_000, in: 10...3_600_000),
            idleConnectionLimit: section.integer("idle_connections", default: 256, in: 0...10_000)
        )
        return targets == nil ? nil : upstream
    }
}
