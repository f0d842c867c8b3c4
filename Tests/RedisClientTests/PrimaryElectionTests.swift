import NIOCore
import TestSupport
import Testing

@testable import RedisClient

@Suite("who is held for the primary")
struct PrimaryElectionTests {
    private static func node(_ number: Int) -> RedisEndpoint { .tcp(host: "n", port: number) }
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("the highest epoch among those who spoke lately; the last one known when nobody does")
    func epochs() {
        var election = PrimaryElection(sources: [Self.node(1), Self.node(2)], now: start)
        #expect(election.primary == nil)
        let first = election.answered(
            by: Self.node(1), claim: .init(primary: Self.node(10), epoch: 5), peers: [], now: start)
        #expect(first.primary == Self.node(10))
        let older = election.answered(
            by: Self.node(2), claim: .init(primary: Self.node(11), epoch: 4), peers: [], now: start)
        #expect(older.primary == nil && election.primary == Self.node(10))
        // The first falls silent: a deployment made anew counts its epochs anew.
        let later = start + PrimaryElection.claimLife + .milliseconds(1)
        let anew = election.answered(
            by: Self.node(2), claim: .init(primary: Self.node(11), epoch: 1), peers: [], now: later)
        #expect(anew.primary == Self.node(11))
        let nobody = election.answered(by: Self.node(2), claim: nil, peers: [], now: later + .seconds(60))
        #expect(nobody.primary == nil && election.primary == Self.node(11))
        // Who was never asked is not believed.
        let stranger = election.answered(
            by: Self.node(7), claim: .init(primary: Self.node(12), epoch: 99), peers: [], now: later)
        #expect(stranger == .init() && election.primary == Self.node(11))
    }

    @Test("a redirection is followed at once and outlives what was said before it, but not too often")
    func hints() {
        var election = PrimaryElection(sources: [Self.node(1), Self.node(2)], now: start)
        _ = election.answered(
            by: Self.node(1), claim: .init(primary: Self.node(10), epoch: 5), peers: [], now: start)
        #expect(election.pause(now: start) == PrimaryElection.interval)
        #expect(election.hinted(at: Self.node(11), now: start) == Self.node(11))
        #expect(election.pause(now: start) == PrimaryElection.urgentInterval)
        _ = election.answered(by: Self.node(2), claim: nil, peers: [], now: start)
        #expect(election.primary == Self.node(11))
        #expect(election.hinted(at: Self.node(10), now: start + .milliseconds(99)) == nil)
        #expect(election.hinted(at: Self.node(10), now: start + .milliseconds(100)) == Self.node(10))
        #expect(election.pause(now: start + .seconds(11)) == PrimaryElection.interval)
    }

    @Test(
        "whatever is said: sources are bounded, configured ones stay, and no older epoch wins over a newer one",
        arguments: 0..<200
    )
    func randomEvents(round: Int) {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let configured = (1...3).map { Self.node($0) }
        var election = PrimaryElection(sources: configured, now: start)
        var now = start
        /// The newest claim of each source, and when it was made.
        var claims: [RedisEndpoint: (claim: PrimaryElection.Claim, at: NIODeadline)] = [:]
        for _ in 0..<300 {
            now = now + .milliseconds(.random(in: 0...3000, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0: election.doubted(now: now)
            case 1:
                let before = election.primary
                let node = Self.node(.random(in: 10...13, using: &random))
                if let followed = election.hinted(at: node, now: now) {
                    #expect(followed == node && node != before, "seed \(seed)")
                    claims = [:]
                }
            default:
                let source = election.sourceEndpoints.randomElement(using: &random) ?? configured[0]
                let claim = PrimaryElection.Claim(
                    primary: Self.node(.random(in: 10...13, using: &random)), epoch: .random(in: 1...4, using: &random))
                let isSilent = Int.random(in: 0..<8, using: &random) == 0
                let peers = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Self.node(.random(in: 1...60, using: &random))
                }
                let change = election.answered(by: source, claim: isSilent ? nil : claim, peers: peers, now: now)
                claims[source] = isSilent ? nil : (claim, now)
                claims = claims.filter { election.sourceEndpoints.contains($0.key) }
                let lately = claims.values.filter { now - $0.at <= PrimaryElection.claimLife }.map(\.claim)
                if let newest = lately.map(\.epoch).max() {
                    let primaries = lately.filter { $0.epoch == newest }.map(\.primary)
                    #expect(primaries.contains { $0 == election.primary }, "seed \(seed)")
                }
                if let primary = change.primary { #expect(primary == election.primary, "seed \(seed)") }
            }
            let sources = election.sourceEndpoints
            #expect(sources.count <= PrimaryElection.maximumSourceCount, "seed \(seed)")
            #expect(Set(sources).count == sources.count && Set(sources).isSuperset(of: configured), "seed \(seed)")
        }
    }

    @Test("only what has surely not run is sent once more, and not for ever")
    func redirectionPolicy() {
        var single = RedirectionPolicy(isCluster: false)
        #expect(single.pause(after: .failure(.server(code: "MOVED"))) == nil)
        var cluster = RedirectionPolicy(isCluster: true)
        for failure in [RedisFailure.timedOut, .connectionClosed, .notConnected, .server(code: "ERR"), .cancelled] {
            #expect(cluster.pause(after: .failure(failure)) == nil, "\(failure)")
        }
        #expect(cluster.pause(after: .success(.null)) == nil && cluster.pause(after: nil) == nil)
        #expect(cluster.pause(after: .failure(.server(code: "TRYAGAIN"))) == .milliseconds(5))
        #expect(cluster.pause(after: .failure(.notConnected)) == .milliseconds(10))
        #expect(cluster.pause(after: .failure(.connectionClosed)) == nil)
        for _ in 2..<RedirectionPolicy.maximumAttempts {
            #expect(cluster.pause(after: .failure(.server(code: "MOVED"))) != nil)
        }
        #expect(cluster.pause(after: .failure(.server(code: "MOVED"))) == nil)
    }
}
