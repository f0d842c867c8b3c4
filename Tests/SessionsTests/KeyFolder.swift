import Glibc
import Testing

/// A folder for keys, and what tests look at and do in it.
enum KeyFolder {
    /// Runs a test body with the path of a directory that does not exist yet and is removed afterwards.
    static func withPath(_ body: (String) async throws -> Void) async throws {
        let parent = try makeParent()
        defer { remove(parent) }
        try await body("\(parent)/keys")
    }

    static func withPath(_ body: (String) throws -> Void) throws {
        let parent = try makeParent()
        defer { remove(parent) }
        try body("\(parent)/keys")
    }

    private static func makeParent() throws -> String {
        var template = Array("/tmp/portcullis-keys-XXXXXX".utf8CString)
        return try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
            rmdir(path)
        }
    }

    static func names(in path: String) throws -> Set<String> {
        let directory = try #require(opendir(path))
        defer { closedir(directory) }
        var names: Set<String> = []
        while let entry = readdir(directory) {
            names.insert(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names.subtracting([".", ".."])
    }

    static func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    static func overwrite(_ path: String, _ text: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    static func advice(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return String(describing: error)
        }
    }
}
