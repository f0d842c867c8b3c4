import Foundation
import HTTP1
import TestSupport
import Testing

@Suite("Requests of the shared corpus", .enabled(if: Vectors.arePresent))
struct RequestVectorTests {
    @Test("every case has its expected outcome, whole, byte by byte and in threes", arguments: [Int.max, 1, 3])
    func outcomes(pieceSize: Int) throws {
        let rows = try RequestVector.all()
        #expect(rows.count == RequestVector.count)
        var used: Set<String> = []
        for row in rows {
            let raw = [UInt8](row.raw)
            let outcome = RequestReader.read(raw, pieceSize: min(pieceSize, max(raw.count, 1)))
            if RequestVector.stricter[row.id] != nil, case .rejected = outcome {
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
        #expect(used == Set(RequestVector.stricter.keys), "an exception that is not needed")
    }
}
