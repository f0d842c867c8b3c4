import NIOCore

/// The commands that make a fresh channel usable.
///
/// Each is sent only after the one before it was answered with `OK`, so nothing runs unauthenticated and no
/// answer can be taken for another's.
struct RedisHandshake {
    /// The encoded commands, in order.
    let steps: [ByteBuffer]

    init(configuration: RedisConfiguration) {
        var steps: [ByteBuffer] = []
        if let credentials = configuration.credentials {
            let arguments = [credentials.username, credentials.password].compactMap { $0 }
            steps.append(RedisCommand.encode(["AUTH"] + arguments))
        }
        if configuration.database != 0 {
            steps.append(RedisCommand.encode("SELECT", String(configuration.database)))
        }
        steps.append(RedisCommand.encode("CLIENT", "SETNAME", configuration.clientName))
        self.steps = steps
    }
}
