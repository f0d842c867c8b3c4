/// Reads `listeners`.
struct ListenersReader {
    let values: ValueReader
    /// Where relative paths start from.
    let folder: String

    private static let tokenByteLimit = 4096

    func read(_ node: SettingNode?) -> Configuration.Listeners {
        let section = SectionReader(node, values: values)
        let publicListeners = readPublic(section.node("public"))
        let adminSection = SectionReader(section.node("admin"), values: values)
        adminSection.notSupportedYet("tls")
        let adminAddress = adminSection.value("address", default: .init(host: "127.0.0.1", port: 9090)) { node in
            values.text(node, as: Configuration.ListenAddress.init(text:))
        }
        let token = adminSection.node("token").flatMap(token)
        adminSection.end()
        section.end()
        if let same = publicListeners.first(where: { $0.address == .tcp(adminAddress) }), adminAddress.port != 0 {
            values.problems.add(
                .conflict, at: adminSection.position(of: "address"), path: "listeners.admin.address",
                found: "the same as \(same.keyPath).address", expected: "use another port")
        }
        return Configuration.Listeners(
            publicListeners: publicListeners, adminAddress: adminAddress, adminToken: token)
    }

    /// One listener, or a list of them.
    private func readPublic(_ node: SettingNode?) -> [Configuration.PublicListener] {
        guard let node, case .list = node.content else {
            let section = SectionReader(
                node, values: values, path: "listeners.public", orAlso: "a list, or ",
                example: "address: \"0.0.0.0:8080\"")
            return [readListener(section)]
        }
        var listeners: [Configuration.PublicListener] = []
        return values.list(node, of: "listeners", allowsEmpty: false) { element in
            let section = SectionReader(element, values: values, example: "address: \"0.0.0.0:8080\"")
            let listener = readListener(section)
            if let first = listeners.first(where: { $0.address.isTaken(by: listener.address) }) {
                values.problems.add(
                    .conflict, at: section.position(of: "address"), path: "\(element.path).address",
                    found: "the same as \(first.keyPath).address", expected: "use another port or path")
            }
            listeners.append(listener)
            return listener
        } ?? listeners
    }

    private func readListener(_ section: SectionReader) -> Configuration.PublicListener {
        defer { section.end() }
        let defaultAddress = Configuration.PublicAddress.tcp(.init(host: "0.0.0.0", port: 8080))
        var address = section.value("address", default: defaultAddress) { node in
            values.text(node) { text throws(SettingMismatch) in
                try Configuration.PublicAddress(text: text, folder: folder)
            }
        }
        if let mode = section.node("mode").flatMap({ values.text($0, as: FileModeText.parse) }) {
            if case .unix(let path, _) = address {
                address = .unix(path: path, mode: mode)
            } else {
                values.problems.add(
                    .conflict, at: section.position(of: "mode"), path: "\(section.path).mode",
                    found: "permissions for an address that is no Unix socket",
                    expected: "leave it out, or write an address such as unix:/run/portcullis/public.sock")
            }
        }
        let reusesPort = section.boolean("reuse_port", default: false)
        if reusesPort, case .unix = address {
            values.problems.add(
                .conflict, at: section.position(of: "reuse_port"), path: "\(section.path).reuse_port",
                found: "true for a Unix socket", expected: "leave it out; only TCP ports can be shared")
        }
        return Configuration.PublicListener(
            keyPath: section.path, address: address, reusesPort: reusesPort,
            tls: section.node("tls").flatMap { ListenerTLSReader(values: values, folder: folder).read($0) },
            expectsProxyProtocol: section.boolean("proxy_protocol", default: false))
    }

    private func token(_ node: SettingNode) -> Secret? {
        values.text(node, isSecret: true) { text throws(SettingMismatch) in
            guard text.utf8.count <= Self.tokenByteLimit, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw SettingMismatch("1 to \(Self.tokenByteLimit) printable ASCII characters without spaces")
            }
            return Secret(text)
        }
    }
}

extension Configuration.PublicAddress {
    /// Whether two listeners cannot both have these addresses; port 0 is another port each time.
    fileprivate func isTaken(by other: Self) -> Bool {
        switch (self, other) {
        case (.tcp(let first), .tcp(let second)): first == second && first.port != 0
        case (.unix(let first, _), .unix(let second, _)): first == second
        default: false
        }
    }
}
