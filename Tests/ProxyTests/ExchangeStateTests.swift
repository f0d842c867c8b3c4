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
            var staleRetries = 0
            var interim = false
            let limit = Int.random(in: 0...3, using: &random)
            var announced: Bool?
            for _ in 0..<12 where state.response != .complete {
                switch Int.random(in: 0..<7, using: &random) {
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
                    let hasBudget = Bool.random(using: &random)
                    var tookRetry = false
                    let failure = state.upstreamFailed(
                        onReusedConnection: reused, receivedBytes: received, retryLimit: limit
                    ) {
                        tookRetry = hasBudget
                        return hasBudget
                    }
                    if tookRetry { retries += 1 }
                    switch failure {
                    case .retry:
                        #expect(!started && !interim && repeatable && complete, "seed \(seed): unsafe retry")
                        if !tookRetry { staleRetries += 1 }
                        #expect(tookRetry || (reused && !received), "seed \(seed): more than its share")
                    case .answer: #expect(!started && !tookRetry, "seed \(seed): a second answer")
                    case .abort: #expect(started, "seed \(seed): broke off before the answer")
                    }
                    #expect(retries <= limit && staleRetries <= 1, "seed \(seed): retried too often")
                case 5 where state.response == .awaited:
                    let elsewhere = Bool.random(using: &random)
                    let failure = state.connectFailed(elsewhere: elsewhere, retryLimit: limit) {
                        retries += 1
                        return true
                    }
                    #expect(failure == .answer || (failure == .retry && elsewhere), "seed \(seed)")
                    #expect(retries <= limit, "seed \(seed): retried too often")
                case 6 where state.response == .awaited:
                    state.interimPassed()
                    interim = true
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

    private func repeatable() -> ExchangeState {
        ExchangeState(requestIsComplete: true, clientKeepsAlive: true, isRepeatable: true)
    }

    @Test("a request that broke on a fresh connection is sent again as often as allowed, while the budget lasts")
    func retries() {
        var state = repeatable()
        #expect(
            state.upstreamFailed(onReusedConnection: false, receivedBytes: false, retryLimit: 2) { false } == .answer)
        #expect(state.upstreamFailed(onReusedConnection: false, receivedBytes: false, retryLimit: 2) == .retry)
        #expect(state.upstreamFailed(onReusedConnection: false, receivedBytes: true, retryLimit: 2) == .retry)
        #expect(state.upstreamFailed(onReusedConnection: false, receivedBytes: false, retryLimit: 2) == .answer)
    }

    @Test("a stale connection is replaced once without a budget, and counts as a retry with one")
    func staleConnections() {
        var poor = repeatable()
        #expect(poor.upstreamFailed(onReusedConnection: true, receivedBytes: false, retryLimit: 1) { false } == .retry)
        #expect(poor.upstreamFailed(onReusedConnection: true, receivedBytes: false, retryLimit: 1) { false } == .answer)
        var rich = repeatable()
        #expect(rich.upstreamFailed(onReusedConnection: true, receivedBytes: false, retryLimit: 1) == .retry)
        #expect(rich.upstreamFailed(onReusedConnection: true, receivedBytes: false, retryLimit: 1) == .answer)
        var none = repeatable()
        #expect(none.upstreamFailed(onReusedConnection: true, receivedBytes: true) == .answer)
    }

    @Test("nothing is sent again once the client has seen anything of an answer, an interim one included")
    func nothingSeen() {
        var state = repeatable()
        state.interimPassed()
        #expect(state.upstreamFailed(onReusedConnection: true, receivedBytes: false, retryLimit: 5) == .answer)
    }

    @Test("a request that no connection took goes elsewhere whatever it is, but only if there is an elsewhere")
    func connectFailures() {
        var state = ExchangeState(requestIsComplete: false, clientKeepsAlive: true, isRepeatable: false)
        #expect(state.connectFailed(elsewhere: false, retryLimit: 1) { true } == .answer)
        #expect(state.connectFailed(elsewhere: true, retryLimit: 1) { false } == .answer)
        #expect(state.connectFailed(elsewhere: true, retryLimit: 1) { true } == .retry)
        #expect(state.connectFailed(elsewhere: true, retryLimit: 1) { true } == .answer)
    }

    @Test("a repeatable request with a body is never sent twice")
    func bodyIsNotRepeated() {
        var state = ExchangeState(requestIsComplete: false, clientKeepsAlive: true, isRepeatable: true)
        state.requestEnded()
        #expect(state.upstreamFailed(onReusedConnection: true, receivedBytes: false) == .answer)
    }
}
