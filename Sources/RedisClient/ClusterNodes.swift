/// The reply to `CLUSTER NODES`, as far as it says who owns a slot.
///
/// A line is `id address@port[,name…] flags primary ping pong epoch link slots…`; what has another form is passed over.
struct ClusterNodes {
    private struct Node {
        let endpoint: RedisEndpoint
        let flags: [Substring]
        let epoch: UInt64
        let slots: [Substring]
    }

    private let nodes: [Node]

    /// Reads a reply.
    /// - Parameters:
    ///   - text: The reply.
    ///   - source: The node that gave it, which may not know its own host.
    ///   - prefersHostNames: Whether a node's name is taken rather than its address.
    init(_ text: String, source: RedisEndpoint, prefersHostNames: Bool) {
        nodes = text.split(whereSeparator: \.isNewline).compactMap { line in
            Self.node(line.split(separator: " "), source: source, prefersHostNames: prefersHostNames)
        }
    }

    /// Who owns a slot, and whom else to ask.
    func answer(slot: Int) -> TopologyQuestion.Answer {
        var answer = TopologyQuestion.Answer()
        for node in nodes {
            let isLost = node.flags.contains { ["fail", "noaddr", "handshake"].contains($0) }
            if !isLost { answer.peers.append(node.endpoint) }
            guard node.flags.contains("master"), node.slots.contains(where: { Self.range($0, holds: slot) }) else {
                continue
            }
            if let claim = answer.claim, claim.epoch >= node.epoch { continue }
            answer.claim = PrimaryElection.Claim(primary: node.endpoint, epoch: node.epoch)
        }
        return answer
    }

    private static func node(_ words: [Substring], source: RedisEndpoint, prefersHostNames: Bool) -> Node? {
        guard words.count >= 8, let epoch = UInt64(words[6]) else { return nil }
        let parts = words[1].split(separator: ",", omittingEmptySubsequences: false)
        guard let first = parts.first,
            let address = NodeAddress(first.prefix { $0 != "@" })
        else { return nil }
        var host = address.host
        if prefersHostNames, parts.count > 1, !parts[1].isEmpty, parts[1].utf8.count <= 255 { host = String(parts[1]) }
        if host == nil, case .tcp(let own, _) = source { host = own }
        guard let host else { return nil }
        return Node(
            endpoint: .tcp(host: host, port: address.port),
            flags: words[2].split(separator: ","), epoch: epoch, slots: Array(words[8...]))
    }

    /// `5460` or `0-5460`; slots on their way (`[5460->-id]`) still belong to who lists them without brackets.
    private static func range(_ text: Substring, holds slot: Int) -> Bool {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = ends.first.flatMap({ Int($0) }), let last = ends.last.flatMap({ Int($0) })
        else { return false }
        return first <= last && (first...last).contains(slot)
    }
}
