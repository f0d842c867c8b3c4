/// Copies everything from one database to another, of whatever kind.
package enum CredentialCopy {
    /// How many rows are held at a time.
    private static let pageSize = 500

    /// Copies every table, as the source was at one moment and in one transaction of the target.
    ///
    /// - Parameters:
    ///   - source: Where from; it is not changed.
    ///   - target: Where to.
    ///   - replacing: Whether what the target has is deleted first.
    /// - Returns: How many rows each table has now.
    /// - Throws: `targetNotEmpty`, `unavailable`, `integrityViolation`; the target is then as it was before.
    package static func copy(
        from source: any SQLDatabase, to target: any SQLDatabase, replacing: Bool
    ) throws(CredentialError) -> [(table: String, rowCount: Int)] {
        try source.snapshot { reading throws(CredentialError) in
            try target.write { writing throws(CredentialError) in
                if replacing {
                    for table in CredentialSchema.tables.reversed() {
                        try writing.execute("DELETE FROM \(table.name)", [])
                    }
                }
                for table in CredentialSchema.tables where try count(table, in: writing) > 0 {
                    throw CredentialError(.targetNotEmpty, detail: table.name)
                }
                var copied: [(table: String, rowCount: Int)] = []
                for table in CredentialSchema.tables {
                    try copy(table, from: reading, to: writing)
                    let rowCount = try count(table, in: reading)
                    guard try count(table, in: writing) == rowCount else {
                        throw CredentialError(
                            .unavailable(.damaged), detail: "not every row of \(table.name) came over")
                    }
                    copied.append((table.name, rowCount))
                }
                return copied
            }
        }
    }

    private static func copy(
        _ table: CredentialSchema.Table, from source: any SQLSession, to target: any SQLSession
    ) throws(CredentialError) {
        let columns = table.columns.joined(separator: ", ")
        let places = table.columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        guard let keyIndex = table.columns.firstIndex(of: table.key) else { return }
        // Every key is greater than the empty one.
        var last = SQLValue.text("")
        while true {
            let page = try source.rows(
                "SELECT \(columns) FROM \(table.name) WHERE \(table.key) > $1 ORDER BY \(table.key) LIMIT $2",
                [last, .integer(Int64(pageSize))])
            for row in page {
                guard row.count == table.columns.count else { throw CredentialError(.unavailable(.damaged)) }
                try target.execute("INSERT INTO \(table.name) (\(columns)) VALUES (\(places))", row)
                last = row[keyIndex]
            }
            guard page.count == pageSize else { return }
        }
    }

    private static func count(
        _ table: CredentialSchema.Table, in session: any SQLSession
    ) throws(CredentialError) -> Int {
        Int(try session.rows("SELECT count(*) FROM \(table.name)", []).first?.first?.integer ?? 0)
    }
}
