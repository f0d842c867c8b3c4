import Glibc

/// An operating-system thread of its own, for work that would block or starve Swift's cooperative pool.
final class WorkerThread: Sendable {
    private let niceness: CInt
    private let body: @Sendable () -> Void

    private init(niceness: CInt, body: @escaping @Sendable () -> Void) {
        self.niceness = niceness
        self.body = body
    }

    /// Starts a detached thread.
    ///
    /// - Parameters:
    ///   - niceness: How far it stands back behind others, 0 to 19.
    ///   - body: What it does; the thread ends when this returns.
    /// - Returns: Whether the system gave a thread.
    static func spawn(niceness: CInt, body: @escaping @Sendable () -> Void) -> Bool {
        let argument = Unmanaged.passRetained(WorkerThread(niceness: niceness, body: body)).toOpaque()
        guard create(argument) else {
            Unmanaged<WorkerThread>.fromOpaque(argument).release()
            return false
        }
        return true
    }

    private static func create(_ argument: UnsafeMutableRawPointer) -> Bool {
        // Signals belong to the threads that wait for them: a new thread inherits this mask.
        var every = sigset_t()
        var previous = sigset_t()
        sigfillset(&every)
        pthread_sigmask(SIG_SETMASK, &every, &previous)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { WorkerThread.begin($0) }, argument)
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard status == 0 else { return false }
        pthread_detach(thread)
        return true
    }

    private static func begin(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }

    private func run() {
        // On Linux niceness is a thread's own; failing to stand back is no reason not to work.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        body()
    }
}
