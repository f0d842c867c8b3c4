package import Foundation

/// A temporary file to write into and read back.
///
/// Not a pipe: a child process that another test starts meanwhile would inherit the pipe's end and hold it open.
package final class OutputFile {
    /// Where to write.
    package let handle: FileHandle
    private let location: URL

    /// Makes an empty file.
    /// - Throws: when there is no room for it.
    package init() throws {
        location = FileManager.default.temporaryDirectory.appending(path: "portcullis-output-\(UUID().uuidString)")
        try Data().write(to: location)
        handle = try FileHandle(forWritingTo: location)
    }

    deinit {
        try? handle.close()
        try? FileManager.default.removeItem(at: location)
    }

    /// What has been written so far.
    package func content() throws -> Data {
        try Data(contentsOf: location)
    }
}
