/// Comma-separated values by RFC 4180, with LF or CRLF between records.
enum CSVReader {
    /// A record and the line that it begins on, from 1.
    struct Record: Equatable {
        var fields: [String]
        var line: Int
    }

    /// Reads a text; empty lines are no records.
    ///
    /// - Throws: `malformedImport` for a quote in an unquoted field, text after a closing quote, a quote that is never
    ///   closed, and a CR alone.
    static func records(of text: String) throws(CredentialError) -> [Record] {
        var records: [Record] = []
        var rest = text.utf8[...]
        var line = 1
        while !rest.isEmpty {
            let start = line
            var fields: [String] = []
            var isRecordComplete = false
            while !isRecordComplete {
                fields.append(try field(&rest, line: &line))
                switch rest.popFirst() {
                case nil: isRecordComplete = true
                case UInt8(ascii: ","): break
                case UInt8(ascii: "\n"):
                    line += 1
                    isRecordComplete = true
                case UInt8(ascii: "\r") where rest.popFirst() == UInt8(ascii: "\n"):
                    line += 1
                    isRecordComplete = true
                default: throw CredentialError(.malformedImport, detail: "line \(line): text after a closing quote")
                }
            }
            if fields != [""] { records.append(Record(fields: fields, line: start)) }
        }
        return records
    }

    private static func field(_ rest: inout Substring.UTF8View, line: inout Int) throws(CredentialError) -> String {
        let quote = UInt8(ascii: "\"")
        guard rest.first == quote else {
            let end = rest.firstIndex { [UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0) }
            let field = rest[..<(end ?? rest.endIndex)]
            guard !field.contains(quote) else {
                throw CredentialError(.malformedImport, detail: "line \(line): a quote inside a field without quotes")
            }
            rest = rest[(end ?? rest.endIndex)...]
            return String(Substring(field))
        }
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote {
                // Two of them stand for one.
                guard rest.first == quote else { return String(decoding: bytes, as: UTF8.self) }
                rest.removeFirst()
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
            bytes.append(byte)
        }
        throw CredentialError(.malformedImport, detail: "line \(line): a quote that is never closed")
    }
}
