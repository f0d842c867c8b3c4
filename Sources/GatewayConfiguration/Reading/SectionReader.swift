/// Reads the keys of one mapping, and knows in the end which of them nobody asked for.
final class SectionReader {
    let path: String
    let position: Position
    let values: ValueReader
    /// False when the section is no mapping; then nothing is missing in it.
    let isReadable: Bool

    private var entries: [String: SettingNode.Entry] = [:]
    private var order: [String] = []
    private var supportedKeys: [String] = []
    private var laterKeys: Set<String> = []

    private var problems: ProblemList { values.problems }

    /// Starts on a mapping.
    ///
    /// A section that is left out (`nil`) has no keys; anything but a mapping is reported, with an example of one.
    init(
        _ node: SettingNode?, values: ValueReader, path: String = "", orAlso: String = "",
        example: String = "key: value"
    ) {
        self.values = values
        self.path = node?.path ?? path
        position = node?.position ?? Position(line: 1, column: 1)
        guard let node else {
            isReadable = true
            return
        }
        guard case .mapping(let mapping) = node.content else {
            isReadable = false
            if !node.isRefused {
                problems.add(
                    .wrongType, at: node.position, path: node.path, found: "found \(node.typeName)",
                    expected: "expected \(orAlso)a mapping ({\(example)})")
            }
            return
        }
        isReadable = true
        for entry in mapping {
            entries[entry.key] = entry
            order.append(entry.key)
        }
    }

    /// The value of a key that may be left out.
    func node(_ key: String) -> SettingNode? {
        if !supportedKeys.contains(key) {
            supportedKeys.append(key)
        }
        return entries[key]?.value
    }

    /// Whether the file has the key.
    func isWritten(_ key: String) -> Bool {
        entries[key] != nil
    }

    /// Where the key stands, or the section when it is left out.
    func position(of key: String) -> Position {
        entries[key]?.keyPosition ?? position
    }

    /// The value of a key that must be written.
    func required(_ key: String, _ advice: String) -> SettingNode? {
        let node = node(key)
        if node == nil, isReadable {
            problems.add(
                .missing, at: position, path: SettingNode.path(of: key, in: path), found: "missing", expected: advice)
        }
        return node
    }

    /// A value with a default.
    ///
    /// One that is refused is reported, so that its default does no harm.
    func value<Value>(_ key: String, default defaultValue: Value, _ read: (SettingNode) -> Value?) -> Value {
        node(key).flatMap(read) ?? defaultValue
    }

    /// A setting of a later version: refused, unless its value is what this version does anyway.
    func notSupportedYet(_ key: String, unless word: String? = nil) {
        if word == nil {
            laterKeys.insert(key)
        } else {
            supportedKeys.append(key)
        }
        guard let entry = entries[key], !entry.value.isRefused else { return }
        if let word, let scalar = entry.value.scalar, scalar.text == word,
            scalar.isPlain || SettingScalar.look(of: word) == .text
        {
            return
        }
        problems.add(
            .notSupportedYet, at: entry.keyPosition, path: entry.value.path, found: "not supported yet",
            expected: word.map { "leave it out, or write \($0)" } ?? "leave it out")
    }

    /// Reports the keys nobody asked for.
    ///
    /// Called once, after all others.
    func end() {
        for key in order where !supportedKeys.contains(key) && !laterKeys.contains(key) {
            guard let entry = entries[key] else { continue }
            problems.add(
                .unknownKey, at: entry.keyPosition, path: entry.value.path, found: "unknown key",
                expected: "expected one of: \(supportedKeys.sorted().joined(separator: ", "))",
                suggestion: EditDistance.nearest(to: key, among: supportedKeys))
        }
    }

    // MARK: Settings with defaults

    func boolean(_ key: String, default defaultValue: Bool) -> Bool {
        value(key, default: defaultValue, values.boolean)
    }

    func integer(_ key: String, default defaultValue: Int, in range: ClosedRange<Int64>) -> Int {
        value(key, default: defaultValue) { values.integer($0, in: range) }
    }

    func bytes(_ key: String, default defaultValue: Int, in range: ClosedRange<Int64>) -> Int {
        value(key, default: defaultValue) { values.bytes($0, in: range) }
    }

    func milliseconds(_ key: String, default defaultValue: Int64, in range: ClosedRange<Int64>) -> Int64 {
        value(key, default: defaultValue) { values.milliseconds($0, in: range) }
    }

    func seconds(_ key: String, default defaultValue: Int64, in range: ClosedRange<Int64>) -> Int64 {
        value(key, default: defaultValue) { values.seconds($0, in: range) }
    }
}
