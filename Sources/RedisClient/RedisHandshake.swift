import NIOCore

/// The commands that make a fresh channel usable.
///
/// Each is sent only after the one before it was answered as it must be, so nothing runs unauthenticated and no answer
/// can be taken for another's.
struct RedisHandshake {
    /// The encoded commands, in order.
    let steps: [ByteBuffer]
    /// What each must be answered.
    let shapes: [ReplyShape]

    init(configuration: RedisConfiguration) {
        var steps: [(ByteBuffer, ReplyShape)] = []
        if let credentials = configuration.credentials {
            let arguments = [credentials.username, credentials.password].compactMap { $0 }
            steps.append((RedisCommand.encode(["AUTH"] + arguments), .ok))
        }
        if configuration.database != 0 {
            steps.append((RedisCommand.encode("SELECT", String(configuration.database)), .ok))
        }
        steps.append((RedisCommand.encode("CLIENT", "SETNAME", configuration.clientName), .ok))
        if configuration.topology.isMoving {
            // What was the primary a moment ago may be a replica now, which would answer from the past.
            steps.append((RedisCommand.encode("ROLE"), .primaryRole))
        }
        if let channel = configuration.subscribedChannel {
            steps.append((RedisCommand.encode("SUBSCRIBE", channel), .subscribed))
        }
        self.steps = steps.map(\.0)
        shapes = steps.map(\.1)
    }
}
