package import Foundation
import Synchronization

/// A program started by a test, its standard output and standard error kept in files.
package final class ProgramRun: Sendable {
    private let process: Mutex<Process>
    private let folder: URL
    private let ending = Mutex<Int32?>(nil)

    /// Starts a program.
    /// - Parameters:
    ///   - executable: the program.
    ///   - arguments: its arguments.
    ///   - input: what it reads on standard input, which then ends.
    ///   - directory: where it runs.
    /// - Throws: when it cannot be started.
    package init(_ executable: URL, _ arguments: [String], input: String = "", directory: URL) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("portcullis-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        for name in ["stdin", "stdout", "stderr"] {
            let content = name == "stdin" ? Data(input.utf8) : Data()
            try content.write(to: folder.appendingPathComponent(name))
        }
        process.standardInput = try FileHandle(forReadingFrom: folder.appendingPathComponent("stdin"))
        process.standardOutput = try FileHandle(forWritingTo: folder.appendingPathComponent("stdout"))
        process.standardError = try FileHandle(forWritingTo: folder.appendingPathComponent("stderr"))
        self.process = Mutex(process)
        process.terminationHandler = { [weak self] process in
            // A signal shows as its negative number, so that no crash looks like an exit code.
            let status = process.terminationStatus
            self?.ending.withLock { $0 = process.terminationReason == .exit ? status : -status }
        }
        try process.run()
    }

    deinit {
        signal(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// The exit code, or the negative number of the signal that killed it; `nil` while it runs.
    package var exitCode: Int32? { ending.withLock { $0 } }

    /// The identifier of its process.
    package var processIdentifier: Int32 { process.withLock { $0.processIdentifier } }

    /// What it has written to standard output.
    package var output: String { text("stdout") }

    /// What it has written to standard error.
    package var errors: String { text("stderr") }

    /// Sends it a signal, if it still runs.
    package func signal(_ number: Int32) {
        process.withLock { if $0.isRunning { _ = Foundation.kill($0.processIdentifier, number) } }
    }

    /// Waits for its end.
    /// - Returns: the exit code; `nil` when it does not end in time.
    package func end(within limit: Duration = .seconds(20)) async -> Int32? {
        _ = await eventually(within: limit) { exitCode != nil }
        return exitCode
    }

    /// The arguments that other users of the machine can see.
    package var visibleArguments: String {
        let identifier = process.withLock { $0.processIdentifier }
        let bytes = FileManager.default.contents(atPath: "/proc/\(identifier)/cmdline") ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data(), as: UTF8.self)
    }
}
