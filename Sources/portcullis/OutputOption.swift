import ArgumentParser
import JOSE

/// `--output`, which every command takes that lists or reports.
struct OutputOption: ParsableArguments {
    /// What may be written.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Option(name: .customLong("output"), help: "table for people, json for programs.")
    var format = Format.table

    /// Writes a list: rows for people, or a document with the rows under their name.
    ///
    /// - Parameters:
    ///   - title: what the rows are called, as in the admin API.
    ///   - rows: each row.
    ///   - header: the columns for people.
    ///   - cells: a row in columns.
    ///   - document: a row for programs.
    func printList<Row>(
        _ title: String, _ rows: [Row], header: [String], cells: (Row) -> [String], document: (Row) -> JSONValue
    ) {
        switch format {
        case .table:
            var table = TextTable(header: header)
            for row in rows { table.add(cells(row)) }
            print(table.text)
        case .json: printDocument(.object([(title, .array(rows.map(document)))]))
        }
    }

    /// Writes a document on one line; what could do something to a terminal is escaped (RFC 8259 section 7).
    func printDocument(_ document: JSONValue) {
        var line = ""
        for scalar in JSONWriter.text(of: document).unicodeScalars {
            if TerminalText.isPrintable(scalar) {
                line.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        print(line)
    }
}
