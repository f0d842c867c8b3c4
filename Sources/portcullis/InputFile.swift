import Foundation

/// A file named on the command line; `-` is standard input.
enum InputFile {
    /// Reads it whole.
    ///
    /// - Throws: ``CommandFailure`` when it cannot be read or is longer than `limit` bytes.
    static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        guard let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(.configuration, "portcullis: \(path) cannot be read; nothing was changed")
        }
        var bytes: [UInt8] = []
        while bytes.count <= limit, let part = try? handle.read(upToCount: 1 << 20), !part.isEmpty {
            bytes.append(contentsOf: part)
        }
        guard bytes.count <= limit else {
            throw CommandFailure(.configuration, "portcullis: \(path) is too long; nothing was changed")
        }
        return bytes
    }
}
