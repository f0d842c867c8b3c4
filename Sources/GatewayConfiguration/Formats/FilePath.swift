/// Paths of files.
enum FilePath {
    /// The path itself when it is absolute, else the path inside the folder.
    ///
    /// `.` segments and doubled slashes go; `..` stays, as what it means depends on symbolic links.
    static func absolute(_ path: String, in folder: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// The absolute path of the folder a file is in.
    static func folder(of path: String, currentFolder: String) -> String {
        let whole = absolute(path, in: currentFolder)
        guard let slash = whole.lastIndex(of: "/"), slash != whole.startIndex else { return "/" }
        return String(whole[..<slash])
    }
}

extension FilePath {
    /// Reads the path of a file or folder; relative ones start from `folder`.
    static func parse(_ text: String, in folder: String) throws(SettingMismatch) -> String {
        guard text.utf8.count <= 4096, !text.contains("://") else {
            throw SettingMismatch("the path of a file, not a URL")
        }
        // Shells know the tilde, programs do not.
        guard text.utf8.first != 0x7E else {
            throw SettingMismatch("a path without ~")
        }
        return absolute(text, in: folder)
    }
}
