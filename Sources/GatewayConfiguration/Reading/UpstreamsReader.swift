/// Reads `upstreams`.
struct UpstreamsReader {
    let values: ValueReader
    let folder: String

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
        let section = SectionReader(entry.value, values: values, example: "targets: [\"http://127.0.0.1:9000\"]")
        defer { section.end() }
        let targets = section.required("targets", "write its addresses, such as [\"http://127.0.0.1:9000\"]")
            .flatMap(readTargets)
        let upstream = Configuration.Upstream(
            name: entry.key,
            targets: targets ?? [],
            balance: section.value("balance", default: .roundRobin) { node in
                values.choice(node, of: [("round_robin", .roundRobin), ("least_requests", .leastRequests)])
            },
            tls: section.node("tls").map(readTLS),
            connectTimeoutMilliseconds: section.milliseconds("connect_timeout", default: 1000, in: 10...60_000),
            responseTimeoutMilliseconds: section.milliseconds("response_timeout", default: 30_000, in: 10...3_600_000),
            idleConnectionLimit: section.integer("idle_connections", default: 256, in: 0...10_000),
            idleTimeoutMilliseconds: section.milliseconds("idle_timeout", default: 60_000, in: 1000...3_600_000),
            connectionLimit: section.integer("max_connections", default: 0, in: 0...100_000),
            queueLimit: section.integer("queue", default: 1024, in: 0...100_000),
            queueTimeoutMilliseconds: section.milliseconds("queue_timeout", default: 1000, in: 10...60_000),
            retries: section.integer("retries", default: 1, in: 0...5),
            ejectAfter: section.integer("eject_after", default: 5, in: 0...1000),
            ejectTimeMilliseconds: section.milliseconds("eject_time", default: 10_000, in: 100...300_000),
            resolveIntervalMilliseconds: section.milliseconds("dns_refresh", default: 30_000, in: 1000...3_600_000),
            health: section.node("health").flatMap(readHealth)
        )
        guard let targets else { return nil }
        if upstream.tls != nil, !targets.contains(where: \.usesTLS) {
            values.problems.add(
                .conflict, at: section.position(of: "tls"), path: "\(section.path).tls",
                found: "there is no target with https", expected: "leave it out, or write https:// targets")
        }
        return upstream
    }

    // MARK: - Targets

    private func readTargets(_ node: SettingNode) -> [Configuration.Target]? {
        var places: [Configuration.Target.Address: String] = [:]
        return values.list(node, of: "targets", allowsEmpty: false) { element in
            guard let target = readTarget(element) else { return nil }
            if let first = places[target.address] {
                values.problems.add(
                    .conflict, at: element.position, path: element.path, found: "the same as \(first)",
                    expected: "write it once; a greater share is {url: …, weight: 2}")
                return nil
            }
            places[target.address] = element.path
            return target
        }
    }

    private func readTarget(_ node: SettingNode) -> Configuration.Target? {
        if node.scalar != nil {
            return values.text(node, as: Configuration.Target.init(url:))
        }
        let section = SectionReader(node, values: values, orAlso: "a URL or ")
        defer { section.end() }
        let target = section.required("url", "write its address, such as http://127.0.0.1:9000").flatMap { node in
            values.text(node, as: Configuration.Target.init(url:))
        }
        let weight = section.integer("weight", default: 1, in: 1...100)
        return target.map { target in
            var target = target
            target.weight = weight
            return target
        }
    }

    // MARK: - TLS

    private func readTLS(_ node: SettingNode) -> Configuration.UpstreamTLS {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let tls = Configuration.UpstreamTLS(
            trustedCertificatesFile: file("ca", in: section), certificateFile: file("certificate", in: section),
            privateKeyFile: file("private_key", in: section),
            serverName: section.node("server_name").flatMap { values.text($0, as: Self.serverName) })
        for (key, other) in [("certificate", "private_key"), ("private_key", "certificate")]
        where section.isWritten(key) && !section.isWritten(other) {
            values.problems.add(
                .conflict, at: section.position(of: key), path: "\(section.path).\(key)",
                found: "there is no \(other)", expected: "write both or neither")
        }
        return tls
    }

    private func file(_ key: String, in section: SectionReader) -> String? {
        section.node(key).flatMap { node in
            values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
        }
    }

    private static func serverName(_ text: String) throws(SettingMismatch) -> String {
        let name = try HostName.parse(text)
        guard IPAddress.ipv4(name) == nil else {
            throw SettingMismatch("a host name: an address is not sent as one")
        }
        return name
    }

    // MARK: - Health

    private func readHealth(_ node: SettingNode) -> Configuration.HealthCheck? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let path = section.required("path", "write what to ask for, such as /healthz").flatMap { node in
            values.text(node, as: HealthPath.parse)
        }
        return Configuration.HealthCheck(
            path: path ?? "/",
            intervalMilliseconds: section.milliseconds("interval", default: 5000, in: 100...3_600_000),
            timeoutMilliseconds: section.milliseconds("timeout", default: 1000, in: 10...60_000),
            unhealthyAfter: section.integer("unhealthy_after", default: 3, in: 1...100),
            healthyAfter: section.integer("healthy_after", default: 2, in: 1...100)
        )
    }
}
