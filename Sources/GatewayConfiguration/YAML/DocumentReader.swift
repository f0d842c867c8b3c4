import Yams

/// Turns the bytes of a configuration file into a ``SettingNode``, and reports whatever is not the plain YAML that a
/// configuration needs.
///
/// One document of mappings, lists and scalars. Anchors and aliases, tags, merge keys, several documents, duplicate keys
/// and keys that are not plain text are problems. Comments, quotes, block scalars and flow style are fine.
struct DocumentReader {
    /// The largest file that is read.
    static let byteLimit = 1024 * 1024
    /// How deep mappings and lists may lie in each other; the settings need six levels.
    private static let depthLimit = 32
    /// How many names of duplicate keys are told in one go; each costs another reading of the file.
    private static let maskingLimit = 16

    let problems: ProblemList
    let substitution: Substitution

    /// The top of the document, or `nil` when there is nothing to read settings from (which is then reported).
    func read(_ bytes: [UInt8]) -> SettingNode? {
        guard bytes.count <= Self.byteLimit else {
            problems.add(
                .fileTooLarge, at: nil, path: "", found: "the file is too large",
                expected: "at most \(SizeText.text(bytes: Int64(Self.byteLimit)))")
            return nil
        }
        guard let text = text(of: bytes) else { return nil }
        return compose(text)
    }

    private func text(of bytes: [UInt8]) -> String? {
        guard var text = String(validating: bytes, as: UTF8.self) else {
            let valid = Self.validPrefix(of: bytes)
            problems.add(
                .badEncoding, at: Self.endPosition(of: valid), path: "", found: "bytes that are not UTF-8",
                expected: "save the file as UTF-8")
            return nil
        }
        if text.unicodeScalars.first == "\u{FEFF}" {
            text.unicodeScalars.removeFirst()
        }
        if let index = text.unicodeScalars.firstIndex(where: { !Self.isAllowed($0) }) {
            let code = String(text.unicodeScalars[index].value, radix: 16, uppercase: true)
            problems.add(
                .badEncoding, at: Self.endPosition(of: text[..<index]), path: "",
                found: "the control character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)",
                expected: "expected text that can be printed")
            return nil
        }
        return text
    }

    /// YAML 1.2 section 5.1, less what the byte order mark does inside a text.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func validPrefix(of bytes: [UInt8]) -> Substring {
        // Repairing replaces each bad sequence by U+FFFD; up to the first one nothing changed.
        let repaired = String(decoding: bytes, as: UTF8.self)
        var index = repaired.utf8.startIndex
        for byte in bytes {
            guard index < repaired.utf8.endIndex, repaired.utf8[index] == byte else { break }
            index = repaired.utf8.index(after: index)
        }
        while index > repaired.startIndex, index.samePosition(in: repaired.unicodeScalars) == nil {
            index = repaired.utf8.index(before: index)
        }
        return repaired[..<index]
    }

    private static func endPosition(of text: Substring) -> Position {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        return Position(line: lines.count, column: (lines.last?.count ?? 0) + 1)
    }

    // MARK: YAML

    private static let empty = SettingNode(content: .mapping([]), position: Position(line: 1, column: 1), path: "")

    private func compose(_ text: String) -> SettingNode? {
        var mask = DuplicateKeyMask(source: text)
        for round in 0...Self.maskingLimit {
            do {
                let parser = try Parser(yaml: mask.source, resolver: .basic, encoding: .utf8)
                let root = try parser.nextRoot()
                if let second = try parser.nextRoot() {
                    problems.add(
                        .yamlFeature, at: second.mark.map(Position.init), path: "", found: "a second document",
                        expected: "one document in a file")
                }
                guard let root else { return Self.empty }
                // The nodes hold their anchors weakly: the parser keeps them.
                let top = withExtendedLifetime(parser) {
                    NodeConverter(problems: problems, substitution: substitution, mask: mask).convert(root)
                }
                return top.scalar?.look == .null ? Self.empty : top
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let names, let context) = error, let name = names.first,
                    round < Self.maskingLimit, mask.hide(name, after: Position(context.mark))
                {
                    continue
                }
                report(error, mask: mask)
                return nil
            } catch {
                problems.add(.syntax, at: nil, path: "", found: "the file cannot be read as YAML")
                return nil
            }
        }
        return nil
    }

    /// Only the library's own constant texts: its description would quote the file.
    private func report(_ error: YamlError, mask: DuplicateKeyMask) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { "\($0.text) (from line \($0.mark.line)): " } ?? ""
            problems.add(.syntax, at: Position(mark), path: "", found: "not YAML: \(place)\(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            let name = mask.restore(names.first ?? "")
            problems.add(
                .duplicateKey, at: Position(context.mark), path: SettingNode.path(of: name, in: ""),
                found: "written more than once in one mapping")
        default:
            problems.add(.syntax, at: nil, path: "", found: "the file cannot be read as YAML")
        }
    }

    /// Converts composed nodes, which may be aliases of each other.
    private struct NodeConverter {
        let problems: ProblemList
        let substitution: Substitution
        let mask: DuplicateKeyMask

        func convert(_ root: Node) -> SettingNode {
            convert(root, path: "", depth: 0)
        }

        private func convert(_ node: Node, path: String, depth: Int) -> SettingNode {
            let position = node.mark.map(Position.init) ?? Position(line: 1, column: 1)
            var result = SettingNode(content: .refused, position: position, path: path)
            guard depth <= DocumentReader.depthLimit else {
                problems.add(.yamlFeature, at: position, path: path, found: "mappings and lists too deep in each other")
                return result
            }
            // Refusing the anchor refuses its aliases; not looking inside keeps a tower of them from costing time.
            guard node.anchor == nil else {
                problems.add(
                    .yamlFeature, at: position, path: path, found: "an anchor (&) or an alias (*)",
                    expected: "write the value out; quote a text that starts with & or *")
                return result
            }
            if let tag = explicitTag(of: node) {
                problems.add(
                    .yamlFeature, at: position, path: path, found: "the tag \(SettingScalar.shown(tag))",
                    expected: "a value without tag; quote a text that starts with !")
                return result
            }
            switch node {
            case .scalar(let scalar):
                result.content = content(of: scalar, position: position, path: path)
            case .sequence(let sequence):
                result.content = .list(
                    sequence.enumerated().map { index, element in
                        convert(element, path: "\(path)[\(index)]", depth: depth + 1)
                    })
            case .mapping(let mapping):
                result.content = .mapping(entries(of: mapping, path: path, depth: depth))
            case .alias:
                break
            }
            return result
        }

        private func content(of scalar: Node.Scalar, position: Position, path: String) -> SettingNode.Content {
            let written = mask.restore(scalar.string)
            do {
                let (text, isSubstituted) = try substitution.expand(written)
                return .scalar(
                    SettingScalar(
                        written: written, text: text, isQuoted: scalar.style != .plain, isSubstituted: isSubstituted))
            } catch {
                problems.add(.substitution, at: position, path: path, found: error.found, expected: error.expected)
                return .refused
            }
        }

        private func entries(of mapping: Node.Mapping, path: String, depth: Int) -> [SettingNode.Entry] {
            var entries: [SettingNode.Entry] = []
            var firstLines: [String: Int] = [:]
            for (keyNode, valueNode) in mapping {
                let position = keyNode.mark.map(Position.init) ?? Position(line: 1, column: 1)
                guard let key = plainKey(keyNode, position: position, path: path) else { continue }
                let keyPath = SettingNode.path(of: key, in: path)
                if let line = firstLines[key] {
                    problems.add(
                        .duplicateKey, at: position, path: keyPath, found: "duplicate key",
                        expected: "it is on line \(line) already")
                    continue
                }
                firstLines[key] = position.line
                let value = convert(valueNode, path: keyPath, depth: depth + 1)
                entries.append(SettingNode.Entry(key: key, keyPosition: position, value: value))
            }
            return entries
        }

        private func plainKey(_ node: Node, position: Position, path: String) -> String? {
            // The library resolved the tags of keys when it compared them.
            guard case .scalar(let scalar) = node, node.anchor == nil,
                ["", Tag.Name.str.rawValue].contains(scalar.tag.description)
            else {
                problems.add(
                    .yamlFeature, at: position, path: path, found: "a key that is not plain text",
                    expected: "a key without anchor, alias or tag")
                return nil
            }
            guard scalar.style != .plain || scalar.string != "<<" else {
                problems.add(
                    .yamlFeature, at: position, path: path, found: "a merge key (<<)",
                    expected: "write the settings out")
                return nil
            }
            return mask.restore(scalar.string)
        }

        /// The tag in the file; a scalar in quotes always is a string to the library.
        private func explicitTag(of node: Node) -> String? {
            switch node {
            case .scalar(let scalar):
                let name = scalar.tag.description
                return name.isEmpty || name == Tag.Name.str.rawValue && scalar.style != .plain ? nil : name
            case .mapping(let mapping):
                return mapping.tag.description.isEmpty ? nil : mapping.tag.description
            case .sequence(let sequence):
                return sequence.tag.description.isEmpty ? nil : sequence.tag.description
            case .alias:
                return nil
            }
        }
    }
}

extension Position {
    fileprivate init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}
