import Foundation
import Logging
import Synchronization

/// Has the parts of a running gateway take up what has changed on disk: when asked to, and by itself.
///
/// Files are looked at on a thread of its own, so that a slow disk holds up nobody.
final class Reloader: Sendable {
    private struct Parts {
        var lasting: [any Reloadable] = []
        /// Those of the configuration in force.
        var current: [any Reloadable] = []
    }

    private let parts = Mutex(Parts())
    private let watch = Mutex<Task<Void, Never>?>(nil)
    private let queue = DispatchQueue(label: "portcullis.reload")
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - interval: how often the disk is looked at.
    ///   - logger: for what was taken up, and what could not be.
    init(interval: Duration = .seconds(10), logger: Logger) {
        self.interval = interval
        self.logger = logger
    }

    /// Adds something to reload.
    func add(_ part: any Reloadable) {
        parts.withLock { $0.lasting.append(part) }
    }

    /// Takes these in the place of those that were given here before.
    func use(_ parts: [any Reloadable]) {
        self.parts.withLock { $0.current = parts }
    }

    /// Begins to look for changes.
    func start() async {
        // Dispatch opens the descriptor of its clock at the first sleep of a process, and ends the process when none is
        // left: it is to have it before the first client comes.
        try? await Task.sleep(for: .milliseconds(1))
        let task = Task { [weak self, interval] in
            while (try? await Task.sleep(for: interval)) != nil {
                _ = await self?.run { $0.hasChanged() }
            }
        }
        watch.withLock { $0 = task }
    }

    /// Stops looking for changes.
    func stop() {
        watch.withLock { $0.take() }?.cancel()
    }

    /// Reloads everything, changed or not.
    ///
    /// - Returns: what could not be used; each problem is logged, too.
    func reload() async -> [String] {
        await run { _ in true }
    }

    private func run(_ isWanted: @escaping @Sendable (any Reloadable) -> Bool) async -> [String] {
        let parts = parts.withLock { $0.lasting + $0.current }
        guard !parts.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            queue.async { [logger] in
                let wanted = parts.filter(isWanted)
                continuation.resume(returning: wanted.flatMap { Self.reload($0, logger) })
            }
        }
    }

    private static func reload(_ part: any Reloadable, _ logger: Logger) -> [String] {
        do throws(ReloadFailure) {
            let told = try part.reload()
            var metadata: Logger.Metadata = ["part": "\(part.name)"]
            for (key, value) in told { metadata[key] = "\(value)" }
            logger.notice("reloaded", metadata: metadata)
            return []
        } catch {
            for problem in error.problems {
                logger.error(
                    "not reloaded: what was there before stays in use",
                    metadata: ["part": "\(part.name)", "problem": "\(problem)"])
            }
            return error.problems.map { "\(part.name): \($0)" }
        }
    }
}
