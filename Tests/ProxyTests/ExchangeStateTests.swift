import Testing

@testable import Proxy

@Suite("The state of an exchange")
struct ExchangeStateTests {
    @Test("random sequences of events never break an invariant")
    func invariants() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: (seed, seed &* 31))
        for _ in 0..<20_000 {
            let repeatable = Bool.random(using: &random)
            let complete = Bool.random(using: &random)
            let keeps = Bool.random(using: &random)
            var state = ExchangeState(requestIsComplete: complete, clientKeepsAlive: keeps, isRepeatable: repeatable)
            var gaveUp = !keeps
            var retries = 0
            var announced: Bool?
            for _ in 0..<12 where state.response != .complete {
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    state.requestEnded()
                    #expect(state.requestIsComplete, "seed \(seed)")
                case 1:
                    state.giveUpKeepAlive()
                    gaveUp = true
                    #expect(!state.willKeepClient, "seed \(seed)")
                case 2 where state.response == .awaited:
                    announced = state.willKeepClient
                    state.responseStarted()
                    #expect(state.willKeepClient == announced, "seed \(seed)")
                case 3 where state.response == .started:
                    let upstreamKeeps = Bool.random(using: &random)
                    let wasComplete = state.requestIsComplete
                    let ending = state.responseEnded(upstreamKeepsAlive: upstreamKeeps)
                    switch ending {
                    case .next(let reuse):
                        #expect(!gaveUp && announced == true && wasComplete, "seed \(seed): goes on unannounced")
                        #expect(reuse == upstreamKeeps, "seed \(seed)")
                    case .close(let reuse):
                        #expect(gaveUp || announced == false, "seed \(seed): closes without need")
                        #expect(!reuse || (upstreamKeeps && wasComplete), "seed \(seed): reuses a dirty connection")
                    }
                case 4:
                    let reused = Bool.random(using: &random)
                    let received = Bool.random(using: &random)
                    let started = state.response == .started
                    switch state.upstreamFailed(onReusedConnection: reused, receivedBytes: received) {
                    case .retry:
                        retries += 1
                        #expect(!started && reused && !received && repeatable && complete, "seed \(seed): unsafe retry")
                        #expect(retries == 1, "seed \(seed): retried twice")
                    case .answer: #expect(!started, "seed \(seed): a second answer")
                    case .abort: #expect(started, "seed \(seed): broke off before the answer")
                    }
                default: break
                }
            }
        }
    }

    @Test("a request that ends after the answer's head was sent does not bring keep-alive back")
    func lateRequestEnd() {
        var state = ExchangeState(requestIsComplete: false, clientKeepsAlive: true, isRepeatable: true)
        state.responseStarted()
        state.requestEnded()
        #expect(state.responseEnded(upstreamKeepsAlive: true) == .close(reuseUpstream: true))
    }

    @Test("a repeatable request with a body is never sent twice")
    func bodyIsNotRepeated() {
        var state = ExchangeState(requestIsComplete: false, clientKeepsAlive: true, isRepeatable: true)
        state.requestEnded()
        #expect(state.upstreamFailed(onReusedConnection: true, receivedBytes: false) == .answer)
    }
}
