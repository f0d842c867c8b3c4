import Foundation

/// How the loader reads files; tests bring their own.
package struct FileReader: Sendable {
    /// Why a file cannot be read.
    package enum Failure: Error, Sendable, Equatable {
        /// It does not exist, is a folder, or may not be read.
        case unreadable
        /// It has more bytes than asked for.
        case tooLarge
    }

    /// Gives the bytes of the file at an absolute path, at most `byteLimit` of them.
    package let read: @Sendable (_ path: String, _ byteLimit: Int) throws(Failure) -> [UInt8]

    /// Makes a reader of files.
    package init(read: @escaping @Sendable (_ path: String, _ byteLimit: Int) throws(Failure) -> [UInt8]) {
        self.read = read
    }

    /// Reads from the file system.
    package static let disk = FileReader { path, byteLimit throws(Failure) in
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .unreadable }
        defer { try? handle.close() }
        var bytes: [UInt8] = []
        do {
            while bytes.count <= byteLimit, let part = try handle.read(upToCount: byteLimit + 1 - bytes.count),
                !part.isEmpty
            {
                bytes.append(contentsOf: part)
            }
        } catch {
            throw .unreadable
        }
        guard bytes.count <= byteLimit else { throw .tooLarge }
        return bytes
    }
}
