import CPostgres

/// What a statement gave, copied out of libpq.
struct PostgreSQLResult {
    /// A value for each column of each row.
    let rows: [[SQLValue]]

    /// How many rows a change concerned; 0 for a query.
    let changedCount: Int

    /// The word for what was done, such as `COMMIT`.
    let commandTag: String

    /// Reads a result.
    ///
    /// - Throws: `CredentialError` for an error of the server, and for values of types that no column has.
    init(_ result: OpaquePointer) throws(CredentialError) {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: break
        default:
            let state = portcullis_postgres_sqlstate(result).map { String(cString: $0) } ?? "08006"
            let message = portcullis_postgres_message(result).map { String(cString: $0) } ?? ""
            throw CredentialError(sqlState: state, message: String(message.prefix(300)))
        }
        var rows: [[SQLValue]] = []
        let columns = 0..<PQnfields(result)
        for row in 0..<PQntuples(result) {
            var values: [SQLValue] = []
            for column in columns { values.append(try Self.value(result, row, column)) }
            rows.append(values)
        }
        self.rows = rows
        // The tag has it only for changes.
        changedCount =
            PQresultStatus(result) == PGRES_COMMAND_OK
            ? PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 : 0
        commandTag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    private static func value(
        _ result: OpaquePointer, _ row: CInt, _ column: CInt
    ) throws(CredentialError) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return .null }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CredentialError(.unavailable(.damaged), detail: "text that is not UTF-8")
        }
        // The numbers of types are the same in every database (pg_type.dat).
        switch PQftype(result, column) {
        case 20, 21, 23:  // int8, int2, int4
            guard let number = Int64(text) else { break }
            return .integer(number)
        case 16: return .flag(text == "t")  // bool
        case 19, 25, 1043: return .text(text)  // name, text, varchar
        case 2278: return .null  // void
        default: break
        }
        throw CredentialError(.unavailable(.damaged), detail: "a value of a foreign type")
    }
}
