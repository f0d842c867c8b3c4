import Foundation
import HTTP1
import Testing

@Suite("Requests of the shared corpus", .enabled(if: Vectors.areAvailable))
struct RequestVectorTests {
    struct Row: Decodable {
        struct Oracle: Decodable {
            var restLength: Int?
            enum CodingKeys: String, CodingKey { case restLength = "rest_len" }
        }
        var id: String
        var raw: Data
        var strict: String
        var oracle: Oracle
        var body: Data?
        enum CodingKeys: String, CodingKey {
            case id, strict, oracle
            case raw = "raw_b64"
            case body = "body_b64"
        }
    }

    /// Requests that the corpus lets through and we refuse, each with the reason.
    static let stricter: [String: String] = [
        "RFC9112-3.2-FRAGMENT-IN-TARGET": "a fragment is never sent; backends disagree about `#`",
        "GUNICORN-valid-005": "`#` in the target",
        "LLHTTP-request-uri-158": "`#` in the target",
        "BYTE-target-23": "`#` in the target",
        "MAL-URL-BACKSLASH": "some backends take `\\` for a slash",
        "LLHTTP-request-uri-151": "`\\` in the target",
        "BYTE-target-5c": "`\\` in the target",
        "BYTE-target-25": "an incomplete percent-encoding in the path",
        "BYTE-target-3b": "`;` in the path: servlet containers cut it off, others do not",
        "MAL-URL-PERCENT-NULL": "an encoded control byte in the path",
        "MAL-URL-PERCENT-CRLF": "encoded control bytes in the path",
        "GUNICORN-invalid-016": "a scheme other than http and https in absolute-form",
        "GUNICORN-valid-rfc9112_target_absolute_userinfo_01": "user information in an authority",
        "LLHTTP-request-uri-160": "user information in an authority",
        "COMP-EXPECT-UNKNOWN": "417 for an expectation nobody here meets (RFC 9110 section 10.1.1)",
        "MTX-CL-CL-expect-obfs": "417 for an expectation nobody here meets",
        "COMP-HTTP12-VERSION": "only 1.0 and 1.1 are spoken; llhttp refuses it too",
        "GUNICORN-invalid-009": "more field lines than the limit",
        "MTX-TE-connection": "`Connection` names a framing field",
        "MTX-CL-CL-connection": "`Connection` names a framing field",
        "MTX-CL-CL-int64max": "a length over 2^53 - 1",
        "MTX-CHUNK-int63": "a chunk over 2^53 - 1",
        "MTX-CHUNK-ext-bws": "white space around `;` and `=` of a chunk extension, which other readers refuse",
    ]

    @Test("every case has its expected outcome, whole, byte by byte and in threes", arguments: [Int.max, 1, 3])
    func outcomes(pieceSize: Int) throws {
        let rows = try Vectors.rows("http1/unified_requests.jsonl", as: Row.self)
        #expect(rows.count == 2440)
        var used: Set<String> = []
        for row in rows {
            let raw = [UInt8](row.raw)
            let outcome = RequestReader.read(raw, pieceSize: min(pieceSize, max(raw.count, 1)))
            if Self.stricter[row.id] != nil, case .rejected = outcome {
                used.insert(row.id)
                continue
            }
            switch (row.strict, outcome) {
            case ("reject", .rejected), ("wait", .waiting), ("reject-or-wait", .rejected), ("reject-or-wait", .waiting):
                break
            case ("accept", .accepted(let body, let rest)):
                #expect(body == [UInt8](row.body ?? Data()), "\(row.id): body")
                #expect(rest == row.oracle.restLength ?? 0, "\(row.id): what is left over")
            default:
                Issue.record("\(row.id): expected \(row.strict), got \(outcome)")
            }
        }
        #expect(used == Set(Self.stricter.keys), "an exception that is not needed")
    }
}
