/// Reads `trusted_proxies`.
struct TrustedProxiesReader {
    let values: ValueReader

    private enum Element {
        case range(Configuration.AddressRange)
        case localPeers
    }

    /// The ranges, and whether those are trusted, too, who connect through a Unix socket and so have no address.
    func read(
        _ root: SectionReader, _ listeners: Configuration.Listeners
    ) -> (ranges: [Configuration.AddressRange], trustsLocalPeers: Bool) {
        let elements = root.value("trusted_proxies", default: []) { node in
            values.list(node, of: "address ranges") { element in
                values.text(element) { text throws(SettingMismatch) -> Element in
                    text == "unix:" ? .localPeers : .range(try Configuration.AddressRange(text: text))
                }
            }
        }
        if elements.isEmpty, isLeftOut(root.node("trusted_proxies")),
            let listener = listeners.publicListeners.first(where: \.expectsProxyProtocol)
        {
            values.problems.add(
                .conflict, at: root.position(of: "listeners"), path: "\(listener.keyPath).proxy_protocol",
                found: "nobody may send the header", expected: "write the load balancer's range in trusted_proxies")
        }
        var ranges: [Configuration.AddressRange] = []
        var trustsLocalPeers = false
        for element in elements {
            switch element {
            case .range(let range): ranges.append(range)
            case .localPeers: trustsLocalPeers = true
            }
        }
        return (ranges, trustsLocalPeers)
    }

    /// Whether there are none, as opposed to some that are refused.
    private func isLeftOut(_ node: SettingNode?) -> Bool {
        guard let node else { return true }
        if case .list(let elements) = node.content { return elements.isEmpty }
        return false
    }
}
