/// Reads single values by the type a setting has; what does not fit is reported, and read as `nil`.
struct ValueReader {
    private static let textByteLimit = 64 * 1024

    let problems: ProblemList

    /// Only `true` and `false`.
    func boolean(_ node: SettingNode) -> Bool? {
        let expected = "expected true or false"
        guard let scalar = plainScalar(node, expected: expected) else { return nil }
        switch scalar.text {
        case "true": return true
        case "false": return false
        default:
            let yes = ["yes", "on", "y"].contains(scalar.text.lowercased())
            let no = ["no", "off", "n"].contains(scalar.text.lowercased())
            let suggestion = scalar.isSubstituted ? nil : yes ? "true" : no ? "false" : nil
            refuse(node, scalar, expected: expected, suggestion: suggestion)
            return nil
        }
    }

    /// A decimal number without leading zeros, signs or underscores.
    func integer(_ node: SettingNode, in range: ClosedRange<Int64>) -> Int? {
        let expected =
            range.count == 1
            ? "expected \(range.lowerBound)" : "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = plainScalar(node, expected: expected) else { return nil }
        guard let number = scalar.text.decimalNumber(maximumDigits: 18), range.contains(number) else {
            refuse(node, scalar, expected: expected)
            return nil
        }
        return Int(number)
    }

    /// A decimal number greater than 0 and at most 1; with `allowsZero` 0 also.
    func fraction(_ node: SettingNode, allowsZero: Bool) -> Double? {
        let expected = "expected a number \(allowsZero ? "from 0 to 1" : "above 0 and at most 1"), such as 0.01"
        guard let scalar = plainScalar(node, expected: expected) else { return nil }
        let bytes = scalar.text.utf8
        guard bytes.count <= 20, bytes.first?.isASCIIDigit == true, bytes.allSatisfy({ $0.isASCIIDigit || $0 == 0x2E }),
            let number = Double(scalar.text), allowsZero || number > 0, number <= 1
        else {
            refuse(node, scalar, expected: expected)
            return nil
        }
        return number
    }

    /// A duration in milliseconds.
    func milliseconds(_ node: SettingNode, in range: ClosedRange<Int64>, wholeSeconds: Bool = false) -> Int64? {
        let (shortest, longest) = (
            DurationText.text(milliseconds: range.lowerBound), DurationText.text(milliseconds: range.upperBound)
        )
        let kind = wholeSeconds ? "a duration of whole seconds" : "a duration"
        let expected =
            "expected \(kind) such as \(wholeSeconds ? "" : "250ms, ")10s, 15m, 1h or 14d, from \(shortest) to \(longest)"
        guard let scalar = measureScalar(node, expected: expected) else { return nil }
        guard let value = DurationText.milliseconds(scalar.text), range.contains(value),
            !wholeSeconds || value % 1000 == 0
        else {
            refuse(node, scalar, expected: expected)
            return nil
        }
        return value
    }

    /// A duration in seconds.
    func seconds(_ node: SettingNode, in range: ClosedRange<Int64>) -> Int64? {
        milliseconds(node, in: range.lowerBound * 1000...range.upperBound * 1000, wholeSeconds: true).map { $0 / 1000 }
    }

    /// A number of bytes.
    func bytes(_ node: SettingNode, in range: ClosedRange<Int64>) -> Int? {
        let (least, most) = (SizeText.text(bytes: range.lowerBound), SizeText.text(bytes: range.upperBound))
        let expected = "expected a size such as 16KiB, 10MiB or 4096, from \(least) to \(most)"
        guard let scalar = measureScalar(node, expected: expected) else { return nil }
        guard let value = SizeText.bytes(scalar.text), range.contains(value) else {
            refuse(node, scalar, expected: expected)
            return nil
        }
        return Int(value)
    }

    /// A string, as `parse` understands it.
    ///
    /// A secret is never shown.
    func text<Value>(
        _ node: SettingNode, isSecret: Bool = false, allowsLines: Bool = false,
        as parse: (String) throws(SettingMismatch) -> Value
    ) -> Value? {
        guard let scalar = anyScalar(node, expected: "expected a string") else { return nil }
        guard scalar.look == .text else {
            let advice = scalar.look == .null ? "expected a string" : "expected a string: put it in quotes"
            problems.add(
                .wrongType, at: node.position, path: node.path,
                found: "found \(isSecret ? "a value that is not a string" : scalar.typeName)", expected: advice)
            return nil
        }
        let lines = allowsLines ? scalar.text.replacing("\r\n", with: " ").replacing("\n", with: " ") : scalar.text
        guard !scalar.text.isEmpty, scalar.text.utf8.count <= Self.textByteLimit, !lines.hasControlCharacters
        else {
            let expected = "expected text, not empty and without line breaks and control characters"
            refuse(node, scalar, isSecret: isSecret, expected: expected)
            return nil
        }
        do {
            return try parse(scalar.text)
        } catch {
            if error.isLaterFeature {
                problems.add(
                    .notSupportedYet, at: node.position, path: node.path, found: "not supported yet",
                    expected: error.expected)
            } else {
                let suggestion = isSecret || scalar.isSubstituted ? nil : error.suggestion
                refuse(node, scalar, isSecret: isSecret, expected: "expected \(error.expected)", suggestion: suggestion)
            }
            return nil
        }
    }

    /// One of several words; `later` are words for what this version does not have.
    func choice<Value>(_ node: SettingNode, of words: [(word: String, value: Value)], later: [String] = []) -> Value? {
        text(node) { text throws(SettingMismatch) in
            let names = words.map(\.word)
            if let match = words.first(where: { $0.word == text }) {
                return match.value
            }
            let list = names.count == 1 ? names[0] : "one of: \(names.joined(separator: ", "))"
            if later.contains(text) {
                throw .notSupportedYet("this version has \(list)")
            }
            throw SettingMismatch(list, suggestion: EditDistance.nearest(to: text, among: names))
        }
    }

    /// A list, read element by element; `nil` when any of them is refused.
    func list<Element>(
        _ node: SettingNode, of what: String, allowsEmpty: Bool = true, element read: (SettingNode) -> Element?
    ) -> [Element]? {
        guard !node.isRefused else { return nil }
        guard case .list(let elements) = node.content else {
            problems.add(
                .wrongType, at: node.position, path: node.path, found: "found \(node.typeName)",
                expected: "expected a list of \(what)")
            return nil
        }
        guard allowsEmpty || !elements.isEmpty else {
            problems.add(
                .badValue, at: node.position, path: node.path, found: "found an empty list",
                expected: "expected at least one of \(what)")
            return nil
        }
        let values = elements.map(read)
        let readable = values.compactMap { $0 }
        return readable.count == values.count ? readable : nil
    }

    /// A list without two alike.
    func distinctList<Element: Hashable>(
        _ node: SettingNode, of what: String, allowsEmpty: Bool = true, element read: (SettingNode) -> Element?
    ) -> [Element]? {
        var seen: [Element: String] = [:]
        return list(node, of: what, allowsEmpty: allowsEmpty) { element in
            guard let value = read(element) else { return nil }
            if let first = seen.updateValue(element.path, forKey: value) {
                problems.add(
                    .conflict, at: element.position, path: element.path, found: "the same as \(first)",
                    expected: "write it once")
                return nil
            }
            return value
        }
    }

    // MARK: Scalars

    private func anyScalar(_ node: SettingNode, expected: String) -> SettingScalar? {
        if let scalar = node.scalar {
            return scalar
        }
        if !node.isRefused {
            problems.add(
                .wrongType, at: node.position, path: node.path, found: "found \(node.typeName)", expected: expected)
        }
        return nil
    }

    /// A scalar that may be a number or a boolean: one without quotes.
    private func plainScalar(_ node: SettingNode, expected: String) -> SettingScalar? {
        guard let scalar = anyScalar(node, expected: expected) else { return nil }
        guard scalar.isPlain else {
            problems.add(
                .wrongType, at: node.position, path: node.path, found: "found the string \(scalar.shown)",
                expected: "\(expected), without quotes")
            return nil
        }
        return scalar
    }

    /// A number with a unit may be in quotes, a mere number may not.
    private func measureScalar(_ node: SettingNode, expected: String) -> SettingScalar? {
        guard let scalar = anyScalar(node, expected: expected) else { return nil }
        return scalar.text.utf8.allSatisfy(\.isASCIIDigit) ? plainScalar(node, expected: expected) : scalar
    }

    private func refuse(
        _ node: SettingNode, _ scalar: SettingScalar, isSecret: Bool = false, expected: String,
        suggestion: String? = nil
    ) {
        let isNothing = scalar.look == .null
        let shown = isSecret ? "a value that cannot be used (not shown: it may hold a secret)" : scalar.shown
        problems.add(
            isNothing ? .wrongType : .badValue, at: node.position, path: node.path,
            found: "found \(isNothing ? "nothing" : shown)", expected: expected, suggestion: suggestion)
    }
}
