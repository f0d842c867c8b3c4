/// Collects the outcomes of commands sent together for a waiting task.
final class ExecutionHandler: RedisReplyHandler {
    private let execution: PendingExecution
    private let commandCount: Int
    private var results: [Result<RedisValue, RedisFailure>] = []

    init(execution: PendingExecution, commandCount: Int) {
        self.execution = execution
        self.commandCount = commandCount
        super.init()
    }

    override func received(_ reply: RedisReply) {
        // A cancelled waiter's reply is counted, not copied.
        append(.success(execution.isDone ? .null : reply.copy()))
    }

    override func failed(_ failure: RedisFailure) {
        append(.failure(failure))
    }

    private func append(_ result: Result<RedisValue, RedisFailure>) {
        results.append(result)
        if results.count == commandCount { execution.finish(.success(results)) }
    }
}
