import NIOCore
import Testing

@testable import Proxy

@Suite("How fast a client must be")
struct ClockTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test("each byte earns its time, on top of the grace")
    func earned() {
        var clock = BodyClock()
        clock.start(at: at(100))
        func limit(_ count: Int) -> NIODeadline {
            clock.limit(byteCount: count, minimumRate: 240, graceMilliseconds: 5_000)
        }
        #expect(limit(0) == at(105))
        #expect(limit(240) == at(106))
        #expect(limit(360) == at(106) + .milliseconds(500))
        #expect(limit(240 * 3600) == at(3705))
    }

    @Test("time in which the gateway itself stops the client does not count")
    func paused() {
        var clock = BodyClock()
        clock.pause(at: at(90))
        clock.start(at: at(100))
        clock.resume(at: at(130))
        clock.resume(at: at(140))
        #expect(clock.limit(byteCount: 0, minimumRate: 1, graceMilliseconds: 0) == at(130))
        clock.pause(at: at(200))
        clock.resume(at: at(207))
        #expect(clock.limit(byteCount: 2, minimumRate: 1, graceMilliseconds: 1_000) == at(140))
    }

    @Test("no number overflows")
    func extremes() {
        var clock = BodyClock()
        clock.start(at: at(1))
        #expect(clock.limit(byteCount: .max, minimumRate: 1, graceMilliseconds: .max) > at(1_000_000))
        #expect(clock.limit(byteCount: 0, minimumRate: .max, graceMilliseconds: 0) == at(1))
        #expect(clock.limit(byteCount: .max, minimumRate: 0, graceMilliseconds: 0) > at(1_000_000))
    }

    @Test("a client that takes its share is given the same time again, one that does not is not")
    func send() {
        var clock = SendClock()
        func took(_ pending: Int, least: Int) -> Bool { clock.tookEnough(pendingByteCount: pending, least: least) }
        clock.start(pendingByteCount: 1000)
        #expect(took(900, least: 100))
        #expect(!took(801, least: 100))
        #expect(!took(900, least: 0), "nothing is never enough")
        #expect(took(899, least: 0))
        #expect(!took(0, least: 1), "nothing waits for it any more")
        clock.reset()
        #expect(took(5000, least: 100), "the first question only counts")
        #expect(!took(5000, least: 100))
    }
}

@Suite("The two directions of a tunnel")
struct TunnelStateTests {
    @Test("each side's end is told once, and both together are an orderly end", arguments: [true, false])
    func ends(clientFirst: Bool) {
        var tunnel = TunnelState()
        func isNews(_ side: TunnelState.Side) -> Bool { tunnel.ended(side) }
        let first = clientFirst ? TunnelState.Side.client : .upstream
        let second = clientFirst ? TunnelState.Side.upstream : .client
        #expect(!tunnel.isOrderly)
        #expect(isNews(first))
        #expect(!isNews(first) && !tunnel.isOrderly)
        #expect(isNews(second))
        #expect(!isNews(second) && !isNews(first) && tunnel.isOrderly)
    }
}
