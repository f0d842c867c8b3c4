import NIOCore

/// An upstream that the process watches, for as long as a configuration has it unchanged.
struct UpstreamWatch: Sendable {
    /// Of no other upstream before or after.
    let id: UInt64
    let upstream: Upstream
    let monitor: NIOLoopBound<UpstreamMonitor>

    /// What is known now.
    func knowledge() async throws -> UpstreamKnowledge {
        let states = try await monitor.eventLoop.submit { monitor.value.published }.get()
        return UpstreamKnowledge(id: id, states: states)
    }

    /// Tells every event loop what is known.
    func publishAgain() async throws {
        try await monitor.eventLoop.submit { monitor.value.publishAgain() }.get()
    }

    /// Ends all that it has begun.
    func stop() async {
        try? await monitor.eventLoop.submit { monitor.value.stop() }.get()
    }
}
