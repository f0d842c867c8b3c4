/// A line of Swift source, taken apart: what the compiler acts on, and what is said about it.
struct SourceLine: Equatable {
    /// The code, with nothing left of string literals but their quotes and interpolated code.
    var code = ""
    /// The text of the comments on it.
    var comment = ""
}

/// Takes Swift source apart into code and comments, so that checks are not misled by what stands in strings.
struct SourceText {
    private enum Frame {
        /// Code; the parentheses open in it say where an interpolation ends.
        case code(openParentheses: Int)
        case string(hashes: Int, isMultiline: Bool)
        case lineComment
        case blockComment(depth: Int)
    }

    /// The lines, from the first.
    private(set) var lines: [SourceLine] = []
    private let bytes: [UInt8]
    private var index = 0
    private var frames = [Frame.code(openParentheses: 0)]
    private var code: [UInt8] = []
    private var comment: [UInt8] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
        while index < bytes.count { step() }
        endLine()
    }

    private mutating func step() {
        guard bytes[index] != UInt8(ascii: "\n") else {
            if case .lineComment = frames[frames.count - 1] { frames.removeLast() }
            endLine()
            index += 1
            return
        }
        switch frames[frames.count - 1] {
        case .code(let openParentheses): stepInCode(openParentheses)
        case .string(let hashes, let isMultiline): stepInString(hashes, isMultiline)
        case .lineComment:
            comment.append(bytes[index])
            index += 1
        case .blockComment(let depth): stepInBlockComment(depth)
        }
    }

    private mutating func stepInCode(_ openParentheses: Int) {
        if starts(with: "//") {
            frames.append(.lineComment)
            index += 2
        } else if starts(with: "/*") {
            frames.append(.blockComment(depth: 1))
            index += 2
        } else if let hashes = hashesBeforeQuote() {
            index += hashes
            let isMultiline = starts(with: "\"\"\"")
            index += isMultiline ? 3 : 1
            code.append(UInt8(ascii: "\""))
            frames.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else {
            switch bytes[index] {
            case UInt8(ascii: "("): frames[frames.count - 1] = .code(openParentheses: openParentheses + 1)
            case UInt8(ascii: ")") where openParentheses == 0 && frames.count > 1: frames.removeLast()
            case UInt8(ascii: ")"): frames[frames.count - 1] = .code(openParentheses: openParentheses - 1)
            default: break
            }
            code.append(bytes[index])
            index += 1
        }
    }

    private mutating func stepInString(_ hashes: Int, _ isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        if starts(with: "\\" + marks) {
            index += 1 + hashes
            guard index < bytes.count else { return }
            if bytes[index] == UInt8(ascii: "(") {
                code.append(bytes[index])
                frames.append(.code(openParentheses: 0))
            }
            if bytes[index] != UInt8(ascii: "\n") { index += 1 }
        } else if starts(with: (isMultiline ? "\"\"\"" : "\"") + marks) {
            index += (isMultiline ? 3 : 1) + hashes
            code.append(UInt8(ascii: "\""))
            frames.removeLast()
        } else {
            index += 1
        }
    }

    private mutating func stepInBlockComment(_ depth: Int) {
        if starts(with: "*/") {
            index += 2
            frames.removeLast()
            if depth > 1 { frames.append(.blockComment(depth: depth - 1)) }
        } else if starts(with: "/*") {
            index += 2
            frames[frames.count - 1] = .blockComment(depth: depth + 1)
        } else {
            comment.append(bytes[index])
            index += 1
        }
    }

    private mutating func endLine() {
        lines.append(
            SourceLine(code: String(decoding: code, as: UTF8.self), comment: String(decoding: comment, as: UTF8.self)))
        code.removeAll()
        comment.removeAll()
    }

    private func starts(with text: String) -> Bool {
        bytes[index...].starts(with: text.utf8)
    }

    /// How many `#` come before a quote that begins a string here; `nil` where none begins.
    private func hashesBeforeQuote() -> Int? {
        let hashes = bytes[index...].prefix { $0 == UInt8(ascii: "#") }.count
        let quote = index + hashes
        return quote < bytes.count && bytes[quote] == UInt8(ascii: "\"") ? hashes : nil
    }
}
