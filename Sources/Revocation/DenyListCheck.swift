public import NIOCore
public import RedisClient

/// Asks the deny-list one question at a time and receives the verdict, on the event loop that asks.
///
/// A class to inherit from, used again and again, so that a check allocates nothing and the data path keeps no
/// existentials. It is `open`, and so `public`, because a `package` class cannot be inherited from in another module.
/// Who does not want the verdict any more lets go of it and makes another: its answer is still under way.
open class DenyListCheck: RedisReplyHandler {
    /// What was asked; nil while nothing is.
    private var query: DenyListQuery?
    /// The mark of the epoch without which the answer means nothing.
    private var trustedMark = EpochMark.none

    /// For subclasses.
    public override init() {}

    /// Called exactly once for each check, perhaps before the call that asked has returned.
    open func decided(_ verdict: RevocationVerdict) {}

    /// Takes up a question.
    /// - Parameters:
    ///   - query: the question.
    ///   - trustedMark: ``RevocationMirror/trustedMark``, from before it is asked.
    /// - Returns: whether there was none.
    package final func begin(_ query: DenyListQuery, trustedMark: UInt64) -> Bool {
        guard self.query == nil else { return false }
        self.query = query
        self.trustedMark = trustedMark
        return true
    }

    /// Each key may be asked by itself: what was written before the question is found in any case.
    public final override var splittableRead: ByteBuffer? { (query?.command).map { ByteBuffer(bytes: $0) } }

    /// Makes a verdict of the values of the query's keys; a Redis with another epoch has lost what it should know.
    public final override func received(_ reply: RedisReply) {
        guard let query else { return }
        self.query = nil
        let count = query.kinds.count
        guard reply.count == count + 1 else { return decided(.unavailable) }
        var evaluation = DenyListEvaluation(issuedAtMilliseconds: query.issuedAtMilliseconds)
        for index in 0..<count {
            let element = reply[index]
            switch element.kind {
            case .null: continue
            case .bulk: element.withBytes { evaluation.add(query.kinds[index], value: $0) }
            case .integer, .status, .array, .error: evaluation.addUnintelligible()
            }
        }
        // What it does hold is revoked, whatever it has lost.
        if evaluation.verdict == .clear, !isTrusted(reply[count]) { return decided(.unavailable) }
        decided(evaluation.verdict)
    }

    private func isTrusted(_ epoch: RedisReply) -> Bool {
        guard epoch.kind == .bulk, trustedMark != EpochMark.none else { return false }
        return epoch.withBytes { EpochMark.of($0) == trustedMark }
    }

    /// There will be no reply.
    public final override func failed(_ failure: RedisFailure) {
        guard query != nil else { return }
        query = nil
        decided(.unavailable)
    }
}
