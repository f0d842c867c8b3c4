import Glibc
import Synchronization

/// A child process started from a path looked up in `PATH`, with its output thrown away or collected.
struct ChildProcess {
    let identifier: pid_t

    // More than any test run has open.
    private static let descriptorLimit: Int32 = 4096

    // No other child may be started between making a pipe and marking it: it would hold the pipe open.
    private static let starting = Mutex(())

    struct SpawnFailure: Error {
        let program: String
        let errorNumber: Int32
    }

    /// Starts a program whose output goes to `/dev/null`.
    init(_ arguments: [String]) throws {
        self = try Self.starting.withLock { _ in try ChildProcess(spawning: arguments, standardOutput: nil) }
    }

    private init(spawning arguments: [String], standardOutput: Int32?) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if let standardOutput {
            posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // A child that lives on would keep open whatever it inherits: other tests' sockets, and pipes that must end.
        // Closing what is not open is no error here.
        for descriptor in (STDERR_FILENO + 1)..<Self.descriptorLimit {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var identifier = pid_t()
        let result = posix_spawnp(&identifier, arguments[0], &actions, nil, &pointers, environ)
        guard result == 0 else { throw SpawnFailure(program: arguments[0], errorNumber: result) }
        self.identifier = identifier
    }

    /// Sends a signal.
    func signal(_ number: Int32) {
        _ = kill(identifier, number)
    }

    /// Whether it has ended by itself; it is reaped then.
    func hasExited() -> Bool {
        var status: Int32 = 0
        return waitpid(identifier, &status, WNOHANG) == identifier
    }

    /// Waits for its end and reaps it.
    func wait() {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) == -1 && errno == EINTR {}
    }

    /// Runs a program to its end and returns what it wrote.
    static func output(of arguments: [String]) throws -> String {
        let (process, descriptor) = try starting.withLock { _ in
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw SpawnFailure(program: arguments[0], errorNumber: errno) }
            ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
            defer { close(ends[1]) }
            do {
                return (try ChildProcess(spawning: arguments, standardOutput: ends[1]), ends[0])
            } catch {
                close(ends[0])
                throw error
            }
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                bytes += chunk[..<count]
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        process.wait()
        return String(decoding: bytes, as: UTF8.self)
    }
}
