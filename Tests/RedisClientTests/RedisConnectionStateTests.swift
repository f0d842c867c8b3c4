import NIOCore
import Testing

@testable import RedisClient

@Suite("the connection's decisions")
struct RedisConnectionStateTests {
    private static func configuration() -> RedisConfiguration {
        var configuration = RedisConfiguration(host: "h", port: 1)
        configuration.connectTimeout = .milliseconds(50)
        configuration.commandTimeout = .milliseconds(20)
        configuration.maximumPendingCommands = 5
        configuration.maximumPendingBytes = 100
        return configuration
    }

    @Test(
        "whatever happens, each command has one outcome, in order, and nothing happens after a stop",
        arguments: 0..<300
    )
    func randomEvents(round: Int) {
        let seed = UInt64.random(in: 0 ... .max)
        var world = RandomWorld(configuration: Self.configuration(), handshakeStepCount: round % 4, seed: seed)
        for _ in 0..<400 { world.step() }
        world.finish()
        #expect(world.faults.isEmpty, "seed \(seed): \(world.faults)")
    }

    @Test("a handshake is one step at a time, and commands are refused until its end")
    func handshake() {
        var state = RedisConnectionState(configuration: Self.configuration(), handshakeStepCount: 2)
        let now = NIODeadline.uptimeNanoseconds(0)
        #expect(state.connectRequested(now: now) == .connect(attempt: 1))
        #expect(state.connectRequested(now: now) == .none)
        guard case .sendHandshake(step: 0) = state.connected(attempt: 1, now: now) else {
            Issue.record("no first step")
            return
        }
        let early = state.submitted(to: RedisReplyHandler(), expecting: .any, byteCount: 1, now: now)
        #expect(early == .refuse(.notConnected))
        guard case .sendHandshake(step: 1) = state.received(.fits, now: now, jitter: 0) else {
            Issue.record("no second step")
            return
        }
        #expect(!state.isReady)
        guard case .becomeReady = state.received(.fits, now: now, jitter: 0) else {
            Issue.record("not ready")
            return
        }
        #expect(state.isReady)
    }

    @Test("pauses grow while connections are lost soon, and begin anew after a stable one")
    func stableConnectionsEndTheSeries() {
        var state = RedisConnectionState(configuration: Self.configuration(), handshakeStepCount: 0)
        var now = NIODeadline.uptimeNanoseconds(0)
        func lose(after life: TimeAmount) -> TimeAmount? {
            guard case .connect(let attempt) = state.connectRequested(now: now) else { return nil }
            guard case .becomeReady = state.connected(attempt: attempt, now: now) else { return nil }
            now = now + life
            return state.channelEnded(.connectionClosed, now: now, jitter: 1)?.reconnectDelay
        }
        #expect(lose(after: .milliseconds(1)) == .milliseconds(100))
        #expect(lose(after: .milliseconds(1)) == .milliseconds(200))
        #expect(lose(after: .milliseconds(999)) == .milliseconds(400))
        #expect(lose(after: .seconds(1)) == .milliseconds(100))
    }

    @Test("only commands past their deadline have timed out; the others lost their connection")
    func timeoutsAreTold() {
        var state = RedisConnectionState(configuration: Self.configuration(), handshakeStepCount: 0)
        let start = NIODeadline.uptimeNanoseconds(0)
        _ = state.connectRequested(now: start)
        _ = state.connected(attempt: 1, now: start)
        _ = state.submitted(to: RedisReplyHandler(), expecting: .any, byteCount: 1, now: start)
        _ = state.submitted(to: RedisReplyHandler(), expecting: .any, byteCount: 1, now: start + .milliseconds(10))
        guard case .wait = state.deadlineReached(now: start + .milliseconds(19), jitter: 0) else {
            Issue.record("too early")
            return
        }
        guard case .disconnect(let end) = state.deadlineReached(now: start + .milliseconds(20), jitter: 0) else {
            Issue.record("too late")
            return
        }
        #expect(end.abandoned.map { end.failure(of: $0) } == [.timedOut, .connectionClosed])
        #expect(!state.isReady)
    }
}
