package import NIOCore

/// How to reach Redis and how long to wait for it.
package struct RedisConfiguration: Sendable {
    /// Which servers there are.
    package var topology: RedisTopology
    /// How connections are encrypted, those to sentinels too; without it they are not.
    package var tls: RedisTLS?
    /// What to authenticate with at sentinels; without it they are sent no `AUTH`.
    package var sentinelCredentials: RedisCredentials?
    /// What to authenticate with; without it no `AUTH` is sent.
    package var credentials: RedisCredentials?
    /// The database number, selected when not 0.
    package var database: Int
    /// How long connecting and the handshake may take together.
    package var connectTimeout: TimeAmount
    /// How long after it was queued a command may wait for its reply.
    package var commandTimeout: TimeAmount
    /// The name shown by `CLIENT LIST`; without spaces.
    package var clientName: String
    /// How many commands of one connection may wait for replies.
    package var maximumPendingCommands: Int
    /// How many bytes of commands of one connection may wait for replies.
    package var maximumPendingBytes: Int
    /// The pause before connecting again.
    package var backoff: ReconnectBackoff
    /// How often a connection on which nothing is awaited is tried with `PING`, and one that follows a primary with
    /// `ROLE`; `nil` for never.
    package var checkInterval: TimeAmount? = .seconds(1)
    /// The channel a connection listens on; it is of no other use then.
    var subscribedChannel: String?
    /// How many replicas must confirm what a script has written, on the very connection that wrote it; 0 for none.
    package var confirmingReplicas = 0
    /// How long to wait for them; less than the command time-out, which counts from before the script.
    package var confirmationMilliseconds: Int64 = 0
    /// Called on the event loop with each new channel before it connects, to put handlers between the socket and Redis.
    ///
    /// When it throws, the attempt to connect has failed.
    package var prepareChannel: (@Sendable (any Channel) throws -> Void)?

    /// Makes a configuration from its endpoint; the rest has defaults.
    package init(
        endpoint: RedisEndpoint,
        credentials: RedisCredentials? = nil,
        database: Int = 0,
        connectTimeout: TimeAmount = .seconds(1),
        commandTimeout: TimeAmount = .milliseconds(100),
        clientName: String = "portcullis",
        maximumPendingCommands: Int = 10_000,
        maximumPendingBytes: Int = 16 * 1024 * 1024,
        backoff: ReconnectBackoff = ReconnectBackoff()
    ) {
        topology = .standalone(endpoint)
        self.credentials = credentials
        self.database = database
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.clientName = clientName
        self.maximumPendingCommands = maximumPendingCommands
        self.maximumPendingBytes = maximumPendingBytes
        self.backoff = backoff
    }

    /// Makes a configuration from what servers there are; the rest has defaults and can be set afterwards.
    package init(topology: RedisTopology) {
        self.init(host: "", port: 0)
        self.topology = topology
    }

    /// Makes a configuration for a TCP listener; the rest has defaults and can be set afterwards.
    package init(host: String, port: Int) {
        self.init(endpoint: .tcp(host: host, port: port))
    }
}
