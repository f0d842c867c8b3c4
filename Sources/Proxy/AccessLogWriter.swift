import Foundation
package import NIOCore
import NIOPosix
import Synchronization

/// Writes finished access-log lines to a file descriptor on a thread of its own, so that a slow disk or terminal
/// never holds up an event loop.
///
/// What does not fit is dropped and counted.
package final class AccessLogWriter: Sendable {
    /// The most bytes of memory that lines may take which wait to be written.
    package static let pendingByteLimit = 8 << 20

    private let descriptor: Int32
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let pendingBytes = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)

    /// Starts a writer.
    ///
    /// - Parameter descriptor: where the lines go; 1 is standard output.
    package init(descriptor: Int32 = 1) {
        self.descriptor = descriptor
        thread.start()
    }

    /// How many lines were dropped, those included of which a part was written.
    package var droppedLineCount: Int { dropped.load(ordering: .relaxed) }

    /// Hands over complete lines.
    package func write(_ lines: ByteBuffer) {
        let count = lines.storageCapacity
        guard pendingBytes.load(ordering: .relaxed) + count <= Self.pendingByteLimit else {
            dropped.add(Self.lineCount(lines, lost: lines.readableBytes), ordering: .relaxed)
            return
        }
        pendingBytes.add(count, ordering: .relaxed)
        thread.submit { [self] _ in
            let lost = Self.writeAll(lines, to: descriptor)
            if lost > 0 { dropped.add(Self.lineCount(lines, lost: lost), ordering: .relaxed) }
            pendingBytes.subtract(count, ordering: .relaxed)
        }
    }

    /// Writes what waits, and ends the thread.
    package func shutdown() async {
        try? await thread.shutdownGracefully()
    }

    /// How many lines end in the last bytes of a batch.
    private static func lineCount(_ lines: ByteBuffer, lost: Int) -> Int {
        lines.readableBytesView.suffix(lost).count { $0 == UInt8(ascii: "\n") }
    }

    /// Writes what can be written.
    ///
    /// - Returns: how many bytes could not: the disk is full, or the reader of a pipe is gone.
    private static func writeAll(_ lines: ByteBuffer, to descriptor: Int32) -> Int {
        lines.withUnsafeReadableBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if written > 0 {
                    offset += written
                } else if written == 0 || errno != EINTR {
                    break
                }
            }
            return bytes.count - offset
        }
    }
}
