import Foundation
import JOSE
import Testing

@Suite("JSON test suite", .enabled(if: Vectors.areAvailable))
struct JSONTestSuiteTests {
    /// Where RFC 8259 leaves the choice, the only texts accepted are numbers beyond a machine's range: they are kept as
    /// written.
    ///
    /// Invalid UTF-8, lone surrogates, byte order marks and depth beyond the limit are refused.
    private static let acceptedByChoice: Set<String> = [
        "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
        "i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
        "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
        "i_number_very_big_negative_int.json",
    ]

    /// Texts the suite calls valid that are refused here, all for duplicate member names.
    private static let refusedForDuplicates: Set<String> = [
        "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    ]

    @Test("all 318 cases")
    func allCases() throws {
        let rows = try Vectors.rows("json/jsontestsuite.jsonl")
        #expect(rows.count == 318)
        for row in rows {
            let identifier = row.text("id")
            let data = try #require(Data(base64Encoded: row.text("b64")))
            let isAccepted = (try? JSONParser().parse([UInt8](data))) != nil
            switch row.text("expect") {
            case "accept": #expect(isAccepted != Self.refusedForDuplicates.contains(identifier), "\(identifier)")
            case "reject": #expect(!isAccepted, "\(identifier)")
            case "either": #expect(isAccepted == Self.acceptedByChoice.contains(identifier), "\(identifier)")
            default: Issue.record("unknown expectation of \(identifier)")
            }
        }
    }
}
