/// Replaces `${NAME}` by an environment variable and `${file:PATH}` by the content of a file; `$${` stands for `${`.
///
/// What comes in is text and stays text: it is not searched for `${` again, and is never read as YAML.
final class Substitution {
    /// A `${…}` that cannot be replaced.
    struct Failure: Error, Equatable {
        var found: String
        var expected: String
    }

    /// The longest file that a value may come from: long enough for chains of certificates.
    static let fileByteLimit = 64 * 1024
    private static let totalByteLimit = 4 * 1024 * 1024

    private let environment: [String: String]
    private let files: FileReader
    private let folder: String
    private var totalBytes = 0

    init(environment: [String: String], files: FileReader, folder: String) {
        self.environment = environment
        self.files = files
        self.folder = folder
    }

    /// The text with every `${…}` replaced, and whether there were any.
    func expand(_ written: String) throws(Failure) -> (text: String, isSubstituted: Bool) {
        guard written.contains("${") else { return (written, false) }
        var text = ""
        var isSubstituted = false
        var rest = written[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                text += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Failure(
                        found: "`${` without `}`", expected: "write ${NAME}, ${file:PATH}, or $${ for the characters ${"
                    )
                }
                text += try value(of: String(rest[..<end].dropFirst(2)))
                isSubstituted = true
                rest = rest[rest.index(after: end)...]
            } else {
                text += "$"
                rest = rest.dropFirst()
            }
        }
        return (text + rest, isSubstituted)
    }

    private func value(of name: String) throws(Failure) -> String {
        let value = name.hasPrefix("file:") ? try content(of: String(name.dropFirst(5))) : try variable(name)
        totalBytes += value.utf8.count
        guard totalBytes <= Self.totalByteLimit else {
            throw Failure(
                found: "too much text comes in by ${…}",
                expected: "at most \(SizeText.text(bytes: Int64(Self.totalByteLimit))) in all")
        }
        return value
    }

    private func variable(_ name: String) throws(Failure) -> String {
        let bytes = name.utf8
        guard let first = bytes.first, !first.isASCIIDigit, bytes.count <= 256,
            bytes.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == 0x5F })
        else {
            throw Failure(
                found: "`${\(SettingScalar.shown(name))}` is not the name of a variable",
                expected: "write ${NAME}, ${file:PATH}, or $${ for the characters ${")
        }
        guard let value = environment[name] else {
            throw Failure(
                found: "the environment variable \(name) is not set", expected: "set it, or write the value here")
        }
        return value
    }

    private func content(of path: String) throws(Failure) -> String {
        let name = "the file `\(SettingScalar.shown(path))`"
        guard !path.isEmpty, !path.hasControlCharacters else {
            throw Failure(found: "`${file:}` without a path", expected: "write ${file:PATH}")
        }
        let bytes: [UInt8]
        do {
            bytes = try files.read(FilePath.absolute(path, in: folder), Self.fileByteLimit)
        } catch {
            switch error {
            case .unreadable:
                throw Failure(
                    found: "\(name) cannot be read", expected: "a path relative to the configuration file, or absolute")
            case .tooLarge:
                throw Failure(
                    found: "\(name) is too large",
                    expected: "at most \(SizeText.text(bytes: Int64(Self.fileByteLimit)))")
            }
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(found: "\(name) is not UTF-8", expected: "a file of text")
        }
        // "\r\n" is one Character.
        if text.last == "\n" || text.last == "\r\n" {
            text.removeLast()
        }
        return text
    }
}
