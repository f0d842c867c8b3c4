import Foundation

/// Reads configuration files.
///
/// A file is read whole, and everything that is wrong with it is told at once. Nothing outside the file, the files it names
/// in `${file:…}` and the given environment is looked at: whether a key directory exists, or a port is free, is not for the
/// loader to say.
package enum ConfigurationLoader {
    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: where it is; relative paths start from the current folder. Problems name the file by this text.
    ///   - environment: what `${NAME}` takes values from.
    ///   - files: how files are read.
    /// - Returns: what the file says, defaults filled in.
    /// - Throws: every problem of the file.
    package static func load(
        path: String, environment: [String: String], files: FileReader = .disk
    ) throws(ConfigurationProblems) -> Configuration {
        let problems = ProblemList(file: path)
        let absolutePath = FilePath.absolute(path, in: FileManager.default.currentDirectoryPath)
        let bytes: [UInt8]
        do {
            bytes = try files.read(absolutePath, DocumentReader.byteLimit)
        } catch {
            switch error {
            case .unreadable:
                problems.add(.unreadableFile, at: nil, path: "", found: "the file cannot be read")
            case .tooLarge:
                let limit = SizeText.text(bytes: Int64(DocumentReader.byteLimit))
                problems.add(
                    .fileTooLarge, at: nil, path: "", found: "the file is too large", expected: "at most \(limit)")
            }
            throw problems.sorted()
        }
        return try load(bytes: bytes, path: path, environment: environment, files: files)
    }

    /// Reads the content of a file, as if it were at `path`.
    ///
    /// - Parameters:
    ///   - bytes: the content.
    ///   - path: where it would be; relative paths start from the current folder.
    ///   - environment: what `${NAME}` takes values from.
    ///   - files: how files for `${file:…}` are read.
    /// - Returns: what the file says, defaults filled in.
    /// - Throws: every problem of the file.
    package static func load(
        bytes: [UInt8], path: String, environment: [String: String], files: FileReader = .disk
    ) throws(ConfigurationProblems) -> Configuration {
        let problems = ProblemList(file: path)
        let folder = FilePath.folder(of: path, currentFolder: FileManager.default.currentDirectoryPath)
        let substitution = Substitution(environment: environment, files: files, folder: folder)
        let document = DocumentReader(problems: problems, substitution: substitution).read(bytes)
        guard let document else { throw problems.sorted() }
        let configuration = ConfigurationReader(problems: problems, folder: folder).read(document)
        guard problems.isEmpty else { throw problems.sorted() }
        return configuration
    }
}
