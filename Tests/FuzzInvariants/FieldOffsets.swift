import HTTP1

/// The field lines of a head lie in it one after another without a gap, and end where the empty line begins.
enum FieldOffsets {
    static func complaint(about fields: [HeaderField], head: [UInt8]) -> String? {
        var lineStart = fields.first.map { Int($0.nameOffset) } ?? head.count - 2
        var isSound = true
        for field in fields {
            let nameEnd = Int(field.nameOffset) + Int(field.nameLength)
            let valueEnd = Int(field.valueOffset) + Int(field.valueLength)
            isSound = isSound && Int(field.nameOffset) == lineStart && field.nameLength > 0
            isSound = isSound && nameEnd < Int(field.valueOffset) && valueEnd <= Int(field.lineEnd) - 2
            lineStart = Int(field.lineEnd)
        }
        if isSound, lineStart == head.count - 2 { return nil }
        return "offsets of \(FuzzTarget.text(head)): \(fields)"
    }
}
