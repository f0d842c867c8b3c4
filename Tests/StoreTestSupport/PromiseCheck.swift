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
    /// Asks by a deny-list on the fixture's loop, as the data path does.
    package func verdict(for query: DenyListQuery) async throws -> RevocationVerdict {
        let eventLoop = group.next()
        return try await eventLoop.flatSubmit { [client] in
            let promise = eventLoop.makePromise(of: RevocationVerdict.self)
            let list = DenyList(connection: client.connection(on: eventLoop))
            list.check(query, by: PromiseCheck(promise))
            return promise.futureResult
        }.get()
    }
}
