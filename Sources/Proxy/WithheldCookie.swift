import HTTP1
import NIOCore

/// A cookie that the gateway alone reads: what backends get of `Cookie` is without it.
///
/// Browsers send the gateway's own cookie with each request to its origin, so a backend would see everybody's refresh
/// token.
package struct WithheldCookie: Sendable, Equatable {
    private let name: [UInt8]

    /// Names the cookie.
    package init(name: String) {
        self.name = Array(name.utf8)
    }

    /// Copies what ``HeadWriter/copyFields(_:of:dropping:to:)`` copies, less the cookie.
    func copyFields(
        _ fields: [HeaderField], of head: UnsafeRawBufferPointer, dropping: FieldTraits, to buffer: inout ByteBuffer
    ) {
        var runStart = -1
        var runEnd = 0
        for field in fields {
            let isCut = field.name == .cookie && isIn(field.value(in: head))
            if !isCut, field.traits.isDisjoint(with: dropping) {
                if runStart < 0 { runStart = Int(field.nameOffset) }
                runEnd = Int(field.lineEnd)
                continue
            }
            if runStart >= 0 { buffer.writeBytes(head.slice(runStart, runEnd &- runStart)) }
            runStart = -1
            if isCut, field.traits.isDisjoint(with: dropping) { writeRest(of: field.value(in: head), to: &buffer) }
        }
        if runStart >= 0 { buffer.writeBytes(head.slice(runStart, runEnd &- runStart)) }
    }

    private func isIn(_ value: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while let pair = Self.nextPair(of: value, from: &start) {
            if isNamed(pair) { return true }
        }
        return false
    }

    private func writeRest(of value: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        var start = 0
        var isFirst = true
        while let pair = Self.nextPair(of: value, from: &start) {
            guard !isNamed(pair), !pair.isEmpty else { continue }
            if isFirst { buffer.writeStaticString("Cookie: ") } else { buffer.writeStaticString("; ") }
            isFirst = false
            buffer.writeBytes(pair)
        }
        if !isFirst { buffer.writeStaticString("\r\n") }
    }

    /// The next `name=value`, spaces around it taken off.
    private static func nextPair(
        of value: UnsafeRawBufferPointer, from start: inout Int
    ) -> UnsafeRawBufferPointer? {
        guard start <= value.count else { return nil }
        let end = value.firstIndex(of: UInt8(ascii: ";"), from: start) ?? value.count
        let pair = value.slice(start, end &- start).trimmingWhitespace
        start = end &+ 1
        return pair
    }

    /// Whether a pair has the name, in any case and with spaces behind it: what another reader might take for it.
    private func isNamed(_ pair: UnsafeRawBufferPointer) -> Bool {
        let end = pair.firstIndex(of: UInt8(ascii: "="), from: 0) ?? pair.count
        let found = pair.slice(0, end).trimmingWhitespace
        guard found.count == name.count else { return false }
        for index in 0..<name.count where found[index].lowercasedASCII != name[index].lowercasedASCII { return false }
        return true
    }
}
