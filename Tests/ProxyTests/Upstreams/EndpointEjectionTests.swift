import NIOCore
import Testing

@testable import Proxy

@Suite("Leaving out an address that fails")
struct EndpointEjectionTests {
    private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds) }

    private func fail(_ ejection: inout EndpointEjection, at seconds: Int64, othersRemain: Bool = true) -> Bool {
        ejection.failed(threshold: 3, othersRemain: othersRemain, firstMilliseconds: 10_000, now: time(seconds))
    }

    @Test("failures in a row are counted, an answer between them begins anew")
    func consecutive() {
        var ejection = EndpointEjection()
        for _ in 0..<2 { #expect(!fail(&ejection, at: 0)) }
        #expect(ejection.succeeded(now: time(0)) == false)
        for _ in 0..<2 { #expect(!fail(&ejection, at: 0)) }
        #expect(ejection.isAdmitted)
        #expect(fail(&ejection, at: 0))
        #expect(ejection.isEjected)
        #expect(!fail(&ejection, at: 0), "what was under way tells nothing new")
        #expect(ejection.succeeded(now: time(0)) == false, "nor does a late answer")
        #expect(ejection.isEjected)
    }

    @Test("the last one is never left out, but is as soon as there is another")
    func last() {
        var ejection = EndpointEjection()
        for _ in 0..<100 { #expect(!fail(&ejection, at: 0, othersRemain: false)) }
        #expect(ejection.isAdmitted)
        #expect(fail(&ejection, at: 0))
    }

    @Test("a threshold of zero means never")
    func never() {
        var ejection = EndpointEjection()
        for _ in 0..<100 {
            #expect(ejection.failed(threshold: 0, othersRemain: true, firstMilliseconds: 1, now: time(0)) == false)
        }
    }

    @Test("one request tries it after its time; each failure doubles that, up to five minutes")
    func backOff() {
        var ejection = EndpointEjection()
        for _ in 0..<3 { _ = fail(&ejection, at: 0) }
        var now: Int64 = 0
        for seconds in [10, 20, 40, 80, 160, 300, 300, 300] as [Int64] {
            #expect(ejection.timePassed(now: time(now + seconds - 1), isIdle: true) == false)
            now += seconds
            #expect(ejection.timePassed(now: time(now), isIdle: true) == true)
            ejection.trialBegan()
            #expect(!ejection.isAdmitted && !ejection.isEjected)
            #expect(ejection.timePassed(now: time(now), isIdle: false) == false, "one at a time")
            #expect(fail(&ejection, at: now))
        }
    }

    @Test("a trial that is answered brings it back, one that tells nothing is made again")
    func trial() {
        var ejection = EndpointEjection()
        for _ in 0..<3 { _ = fail(&ejection, at: 0) }
        #expect(ejection.timePassed(now: time(10), isIdle: true) == true)
        ejection.trialBegan()
        #expect(ejection.timePassed(now: time(11), isIdle: true) == true, "the client left before the answer")
        ejection.trialBegan()
        #expect(ejection.succeeded(now: time(12)) == true)
        #expect(ejection.isAdmitted && ejection.consecutiveFailures == 0)
        // Soon after, it is left out for longer; after five good minutes as briefly as at first.
        for _ in 0..<3 { _ = fail(&ejection, at: 13) }
        #expect(ejection.state == .ejected(until: time(33)))
        #expect(ejection.timePassed(now: time(33), isIdle: true) == true)
        ejection.trialBegan()
        #expect(ejection.succeeded(now: time(33)) == true)
        for _ in 0..<3 { _ = fail(&ejection, at: 400) }
        #expect(ejection.state == .ejected(until: time(410)))
    }

    @Test("asked as the last resort, an answer brings it back and a failure costs nothing")
    func lastResort() {
        var ejection = EndpointEjection()
        for _ in 0..<3 { _ = fail(&ejection, at: 0) }
        ejection.becameLastResort()
        #expect(!fail(&ejection, at: 1))
        #expect(ejection.state == .ejected(until: time(10)))
        #expect(ejection.succeeded(now: time(1)) == false)
        ejection.becameLastResort()
        #expect(ejection.succeeded(now: time(2)) == true)
        #expect(ejection.isAdmitted)
    }
}
