import HTTP1
import Testing

@testable import Proxy

@Suite("What an event loop counts")
struct LoopMetricsTests {
    @Test("durations fall into the first bucket whose bound they do not pass")
    func buckets() {
        var histogram = DurationHistogram()
        let bounds = DurationHistogram.boundsNanoseconds
        for (index, bound) in bounds.enumerated() {
            histogram.record(nanoseconds: bound)
            #expect(histogram.counts[index] == 1, "a bound is in its bucket")
        }
        histogram.record(nanoseconds: bounds[bounds.count - 1] + 1)
        histogram.record(nanoseconds: .max)
        histogram.record(nanoseconds: -5)
        #expect(histogram.counts[bounds.count] == 2)
        #expect(histogram.counts[0] == 2, "a clock that went back counts as no time")
        #expect(histogram.count == UInt64(bounds.count + 3))
    }

    @Test("a backend that answers with every status there is cannot make the counts grow without end")
    func bounded() {
        var counts = RouteCounts()
        for status in 200..<600 {
            for method in HTTPMethod.allCases { counts.record(method, status: status, nanoseconds: 1) }
        }
        #expect(counts.answers.count <= RouteCounts.kindLimit + HTTPMethod.allCases.count)
        let total = counts.answers.reduce(0) { $0 + $1.count }
        #expect(total == UInt64(400 * HTTPMethod.allCases.count), "and none is lost")
        #expect(counts.durations.count == total)
    }

    @Test("reasons are told apart, and by permission")
    func decisions() {
        var counts = DecisionCounts()
        for _ in 0..<3 { counts.record(isPermitted: false, reason: "expired") }
        counts.record(isPermitted: true, reason: "ok")
        counts.record(isPermitted: false, reason: "revoked")
        let found = counts.decisions.map { "\($0.reason) \($0.isPermitted) \($0.count)" }
        #expect(found == ["expired false 3", "ok true 1", "revoked false 1"])
    }

    @Test("loops are added up, routes of one label too")
    func adding() {
        var sum = ProxyMetrics()
        for _ in 0..<2 {
            let loop = LoopMetrics()
            let routes = loop.routeCounters(labelled: ["/a", "/a"])
            let upstreams = loop.upstreamCounters(named: ["u"])
            loop.record(
                route: routes[0], method: .get, status: 200, nanoseconds: 5_000, upstream: (upstreams[0], 3_000))
            loop.record(route: routes[1], method: .get, status: 200, nanoseconds: 5_000, upstream: nil)
            loop.record(route: nil, method: .other, status: 404, nanoseconds: 1, upstream: nil)
            loop.connectionOpened(listener: 1)
            loop.connectionOpened(listener: 1)
            loop.connectionClosed(listener: 1)
            loop.connectionClosed(listener: 7)
            sum.add(loop.snapshot())
        }
        #expect(
            sum.answers == [
                .init(route: "/a", method: "GET", status: 200): 4,
                .init(route: "none", method: "other", status: 404): 2,
            ])
        #expect(sum.routeDurations["/a"]?.sumNanoseconds == 20_000)
        #expect(sum.upstreamDurations["u"]?.sumNanoseconds == 6_000)
        #expect(sum.overhead.sumNanoseconds == 14_002, "the time that the upstream had it does not count")
        #expect(sum.connections == [0, 2])
    }
}
