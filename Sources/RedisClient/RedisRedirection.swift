/// Where a cluster's node sends a command: `MOVED 3999 127.0.0.1:6381`, or `ASK` likewise.
struct RedisRedirection: Equatable {
    let slot: Int
    /// Without a host, the one that answered is meant.
    let host: String?
    let port: Int

    /// Reads the text of an error; `nil` when it is no redirection.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count <= 512, let words = String(validating: text, as: UTF8.self)?.split(separator: " "),
            words.count == 3, words[0] == "MOVED" || words[0] == "ASK",
            let slot = Int(words[1]), (0..<HashSlot.count).contains(slot),
            let address = NodeAddress(words[2])
        else { return nil }
        self.slot = slot
        host = address.host
        port = address.port
    }

    /// The node meant, when `answering` is the one that said so.
    func endpoint(from answering: RedisEndpoint?) -> RedisEndpoint? {
        if let host { return .tcp(host: host, port: port) }
        guard case .tcp(let host, _) = answering else { return nil }
        return .tcp(host: host, port: port)
    }
}

/// `host:port` as Redis writes it: an IPv6 address has no brackets, and the host may be missing.
struct NodeAddress: Equatable {
    let host: String?
    let port: Int

    init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = text[..<colon]
        guard host.utf8.count <= 255, host != "?" else { return nil }
        self.host = host.isEmpty ? nil : String(host)
        self.port = port
    }
}
