/// What is looked for in source files.
enum SourceChecks {
    /// The modules that a file imports, with the numbers of the lines.
    static func imports(in text: SourceText) -> [(module: String, line: Int)] {
        var found: [(module: String, line: Int)] = []
        for (index, line) in text.lines.enumerated() {
            for statement in line.code.split(separator: ";") {
                var words = statement.split(whereSeparator: \.isWhitespace)[...]
                while let first = words.first, first.hasPrefix("@") || accessLevels.contains(String(first)) {
                    words.removeFirst()
                }
                guard words.popFirst() == "import" else { continue }
                if let kind = words.first, importKinds.contains(String(kind)) { words.removeFirst() }
                guard let path = words.first, let module = path.split(separator: ".").first else { continue }
                found.append((String(module), index + 1))
            }
        }
        return found
    }

    /// The lines that can end the process, with no reason beside them: `fatalError`, `try!`, `as!` and forced
    /// unwrapping, implicitly unwrapped types included.
    ///
    /// A reason is a comment of three words or more, on the line or alone on the one before.
    static func unreasonedTraps(in text: SourceText) -> [Int] {
        text.lines.indices.filter { index in
            guard canTrap(text.lines[index].code) else { return false }
            if isReason(text.lines[index].comment) { return false }
            guard index > 0 else { return true }
            let before = text.lines[index - 1]
            return !(before.code.allSatisfy(\.isWhitespace) && isReason(before.comment))
        }.map { $0 + 1 }
    }

    private static let accessLevels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set<String> = [
        "typealias", "struct", "class", "enum", "protocol", "let", "var", "func",
    ]

    private static func canTrap(_ code: String) -> Bool {
        if code.contains("fatalError(") { return true }
        let bytes = Array(code.utf8)
        return bytes.indices.contains { index in
            // A `!` right behind something is postfix; a negation has a space or a parenthesis before it.
            bytes[index] == UInt8(ascii: "!") && index > 0 && endsOperand(bytes[index - 1])
                && !(index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "="))
        }
    }

    private static func endsOperand(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
            true
        default: "_)]}>\"`?".utf8.contains(byte)
        }
    }

    private static func isReason(_ comment: String) -> Bool {
        // The third slash of a doc comment is left over: that says what a thing is, not why it cannot fail.
        !comment.hasPrefix("/") && comment.split(whereSeparator: \.isWhitespace).count >= 3
    }
}
