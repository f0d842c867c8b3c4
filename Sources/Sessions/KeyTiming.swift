/// How long keys are published before they are used, used, and kept afterwards; all in seconds.
package struct KeyTiming: Sendable, Hashable {
    /// What a node may be late in taking up a change of the key directory.
    static let adoptionSeconds: Int64 = 60

    /// How long a key is published before it signs.
    package let publishAheadSeconds: Int64
    /// After how long a key is followed by another without being asked for; `nil` is never.
    package let rotateEverySeconds: Int64?
    /// The life of an access token.
    package let accessLifetimeSeconds: Int64
    /// The absolute end of a session, counted from its beginning.
    package let sessionLifetimeSeconds: Int64
    /// How far clocks may differ.
    package let leewaySeconds: Int64

    /// Gathers the configured values; without any, those of a configuration that names none.
    package init(
        publishAheadSeconds: Int64 = 3600,
        rotateEverySeconds: Int64? = nil,
        accessLifetimeSeconds: Int64 = 900,
        sessionLifetimeSeconds: Int64 = 90 * 86_400,
        leewaySeconds: Int64 = 30
    ) {
        self.publishAheadSeconds = publishAheadSeconds
        self.rotateEverySeconds = rotateEverySeconds
        self.accessLifetimeSeconds = accessLifetimeSeconds
        self.sessionLifetimeSeconds = sessionLifetimeSeconds
        self.leewaySeconds = leewaySeconds
    }

    /// How long a signing key verifies after another took over.
    ///
    /// The last token it signed may come from a node whose clock is late, or that hears of the change late; it then lives
    /// for its lifetime, and is accepted for the leeway after that.
    package var signingRetentionSeconds: Int64 {
        accessLifetimeSeconds + 2 * leewaySeconds + Self.adoptionSeconds
    }

    /// How long a refresh key verifies after another took over: as long as a session can last that it gave a token to,
    /// so that an old token, too, is recognised as stolen and not merely as unknown.
    package var refreshRetentionSeconds: Int64 {
        sessionLifetimeSeconds + 2 * leewaySeconds + Self.adoptionSeconds
    }
}
