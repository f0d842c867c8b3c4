import Foundation

/// What the system says about a running process, from `/proc`.
package struct ProcessFigures {
    /// The process.
    package let processIdentifier: Int32

    /// Names a process.
    package init(_ processIdentifier: Int32) {
        self.processIdentifier = processIdentifier
    }

    /// The memory that is its own and in use, in bytes; `nil` when it has ended.
    package var residentByteCount: Int? { status("VmRSS") }

    /// The most memory it has had since ``forgetPeak()``, in bytes.
    package var peakByteCount: Int? { status("VmHWM") }

    /// Counts the peak from now on.
    package func forgetPeak() {
        try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/\(processIdentifier)/clear_refs"))
    }

    /// How many descriptors it has open.
    package var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processIdentifier)/fd").count) ?? 0
    }

    private func status(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8) else {
            return nil
        }
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            let number = line.dropFirst(name.count + 1).split(whereSeparator: { $0 == " " || $0 == "\t" }).first
            return number.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }
}
