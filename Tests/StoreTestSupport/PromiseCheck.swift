import NIOCore
import NIOPosix
import RedisClient
package import Revocation

/// Hands a verdict to a test.
final class PromiseCheck: DenyListCheck {
    private var promise: EventLoopPromise<RevocationVerdict>?

    convenience init(_ promise: EventLoopPromise<RevocationVerdict>) {
        self.init()
        self.promise = promise
    }

    override func decided(_ verdict: RevocationVerdict) {
        promise?.succeed(verdict)
    }
}

extension RedisFixture {
    /// The tests of stores have one prefix.
    private static let epochKey = RevocationKeys(prefix: "p:").epoch

    /// Asks by a deny-list on the fixture's loop, as the data path does.
    package func verdict(for query: DenyListQuery) async throws -> RevocationVerdict {
        let mirror = RevocationMirror(stalenessMilliseconds: 1000)
        // As at the first contact; where that fails, the question must fail, too.
        _ = try? await client.execute("SET", Self.epochKey, "the first", "NX")
        if case .bulk(let epoch)? = try? await client.execute("GET", Self.epochKey) {
            mirror.trust(epoch: String(decoding: epoch, as: UTF8.self))
        }
        return try await verdict(for: query, mirror: mirror)
    }

    /// The same with what a mirror knows of Redis.
    package func verdict(for query: DenyListQuery, mirror: RevocationMirror) async throws -> RevocationVerdict {
        let eventLoop = group.next()
        return try await eventLoop.flatSubmit { [client] in
            let promise = eventLoop.makePromise(of: RevocationVerdict.self)
            let list = DenyList(connection: client.connection(on: eventLoop), mirror: mirror)
            list.check(query, by: PromiseCheck(promise))
            return promise.futureResult
        }.get()
    }
}
