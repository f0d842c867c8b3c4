import NIOCore

/// What a source is asked about the primary, and how its answer is read.
enum TopologyQuestion: Sendable {
    /// Of a sentinel.
    case sentinel(primaryName: String)
    /// Of a cluster's node.
    /// - `prefersHostNames`: whether nodes are reached by their names rather than addresses, where they have one.
    case cluster(slot: Int, prefersHostNames: Bool)

    /// What a source has said.
    struct Answer: Equatable {
        var claim: PrimaryElection.Claim?
        var peers: [RedisEndpoint] = []
    }

    /// The commands to send, together.
    var commands: [ByteBuffer] {
        switch self {
        case .sentinel(let name):
            [
                RedisCommand.encode("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name),
                RedisCommand.encode("SENTINEL", "MASTER", name),
                RedisCommand.encode("SENTINEL", "SENTINELS", name),
            ]
        case .cluster: [RedisCommand.encode("CLUSTER", "NODES")]
        }
    }

    /// The channel on which a source tells of changes.
    var channel: String? {
        switch self {
        case .sentinel: "+switch-master"
        case .cluster: nil
        }
    }

    /// Reads the replies to the commands.
    /// - Parameters:
    ///   - replies: One for each command; `nil` for one that was refused.
    ///   - source: Who has answered.
    /// - Returns: What they say; without a claim when they name no primary, or are not understood.
    func answer(_ replies: [RedisValue?], from source: RedisEndpoint) -> Answer {
        switch self {
        case .sentinel:
            guard replies.count == 3 else { return Answer() }
            return SentinelReplies.answer(address: replies[0], primary: replies[1], sentinels: replies[2])
        case .cluster(let slot, let prefersHostNames):
            guard replies.count == 1, let text = replies[0]?.text else { return Answer() }
            return ClusterNodes(text, source: source, prefersHostNames: prefersHostNames).answer(slot: slot)
        }
    }
}

/// Reads what sentinels say.
enum SentinelReplies {
    /// Makes an answer of the replies to `GET-MASTER-ADDR-BY-NAME`, `MASTER` and `SENTINELS`.
    ///
    /// The address is that of the first, which names a promoted replica sooner than the second.
    static func answer(address: RedisValue?, primary: RedisValue?, sentinels: RedisValue?) -> TopologyQuestion.Answer {
        var answer = TopologyQuestion.Answer()
        if case .array(let elements) = address, elements.count == 2,
            let endpoint = endpoint(host: elements[0].text, port: elements[1].text),
            let primary, let epoch = fields(primary)["config-epoch"].flatMap({ UInt64($0) })
        {
            answer.claim = PrimaryElection.Claim(primary: endpoint, epoch: epoch)
        }
        if case .array(let others) = sentinels {
            answer.peers = others.prefix(PrimaryElection.maximumSourceCount).compactMap { other in
                let fields = fields(other)
                return endpoint(host: fields["ip"], port: fields["port"])
            }
        }
        return answer
    }

    private static func endpoint(host: String?, port: String?) -> RedisEndpoint? {
        guard let host, !host.isEmpty, host.utf8.count <= 255, let port = port.flatMap({ Int($0) }),
            (1...65_535).contains(port)
        else { return nil }
        return .tcp(host: host, port: port)
    }

    /// Names and values in turn.
    private static func fields(_ value: RedisValue) -> [String: String] {
        guard case .array(let elements) = value else { return [:] }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text, let value = elements[index + 1].text { fields[name] = value }
        }
        return fields
    }
}
