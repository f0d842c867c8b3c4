import NIOCore

/// Runs tasks on an event loop, so that what begins and ends there does not go to another thread and back.
///
/// What waits inside a task (hashing, databases, other services) has threads of its own; the loop only runs what is between.
final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
