/// Lets a file with duplicate keys be read to its end, so that they are reported together with everything else.
///
/// The YAML library stops at the first mapping with duplicate keys. The mask then gives every later key of that name a
/// name of its own, of the same length so that columns stay true; what the library composes next is translated back with
/// ``restore(_:)``. A file gets here only after it was found wrong, so nothing a valid file says depends on it.
struct DuplicateKeyMask {
    /// The text to compose.
    private(set) var source: String
    /// Stand-ins for keys, by the name they stand for.
    private var originals: [String: String] = [:]
    private var standInCount: UInt32 = 0

    /// Stand-ins are numbers in base 6400, whose digits are Unicode's first private-use area.
    private static let digits: ClosedRange<UInt32> = 0xE000...0xF8FF

    init(source: String) {
        self.source = source
    }

    /// Hides every key with this name after the place where the first one stands; false when none was found.
    mutating func hide(_ name: String, after first: Position) -> Bool {
        let nameScalars = Array(name.unicodeScalars)
        let scalars = Array(source.unicodeScalars)
        guard !nameScalars.isEmpty, var index = Self.index(of: first, in: scalars) else { return false }
        index += nameScalars.count
        var result = Array(scalars[..<min(index, scalars.count)])
        var didHide = false
        while index < scalars.count {
            if Self.isKey(nameScalars, at: index, in: scalars), let standIn = nextStandIn(for: name, nameScalars.count)
            {
                result += standIn
                index += nameScalars.count
                didHide = true
            } else {
                result.append(scalars[index])
                index += 1
            }
        }
        source = Self.string(result)
        return didHide
    }

    /// The text with stand-ins replaced by what they stand for.
    func restore(_ text: String) -> String {
        guard !originals.isEmpty, text.unicodeScalars.contains(where: { Self.digits.contains($0.value) }) else {
            return text
        }
        if let original = originals[text] {
            return original
        }
        return originals.reduce(text) { result, pair in
            result.split(separator: pair.key, omittingEmptySubsequences: false).joined(separator: pair.value)
        }
    }

    private mutating func nextStandIn(for name: String, _ length: Int) -> [Unicode.Scalar]? {
        let base = UInt32(Self.digits.count)
        guard length > 1 || standInCount < base, standInCount < base * base else { return nil }
        var number = standInCount
        var standIn: [Unicode.Scalar] = []
        for _ in 0..<length {
            standIn.append(Unicode.Scalar(Self.digits.lowerBound + number % base) ?? "?")
            number /= base
        }
        standInCount += 1
        originals[Self.string(standIn)] = name
        return standIn
    }

    /// Whether the name stands here, quoted or not, with a colon after it.
    private static func isKey(_ name: [Unicode.Scalar], at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        guard index + name.count <= scalars.count, scalars[index] == name[0],
            scalars[index..<index + name.count].elementsEqual(name)
        else { return false }
        if index > 0, !["\n", "\r", " ", "\t", "{", ",", "\"", "'"].contains(scalars[index - 1]) {
            return false
        }
        let rest = scalars[(index + name.count)...].drop { ["\"", "'", " ", "\t"].contains($0) }
        return rest.first == ":"
    }

    /// The index of a line and column, with the line breaks of YAML 1.1, in which the library counts.
    private static func index(of position: Position, in scalars: [Unicode.Scalar]) -> Int? {
        var line = 1
        var index = 0
        while line < position.line, index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if scalar == "\r", index < scalars.count, scalars[index] == "\n" {
                index += 1
            }
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) {
                line += 1
            }
        }
        let result = index + position.column - 1
        return line == position.line && result < scalars.count ? result : nil
    }

    private static func string(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
