import Foundation

/// What `portcullis doctor --output json` prints.
struct DoctorReport: Decodable {
    struct Finding: Decodable {
        var check: String
        var verdict: String
        var message: String
    }

    var ok: Bool
    var findings: [Finding]

    /// Runs it.
    static func examine(_ program: Program) async throws -> (DoctorReport, exitCode: Int32?) {
        let outcome = try await program.run("doctor", "--output", "json")
        return (try JSONDecoder().decode(DoctorReport.self, from: Data(outcome.output.utf8)), outcome.exitCode)
    }

    func verdicts(_ check: String) -> [String] { findings.filter { $0.check == check }.map(\.verdict) }

    /// The verdict and the message of each.
    func texts(_ check: String) -> [String] {
        findings.filter { $0.check == check }.map { "\($0.verdict): \($0.message)" }
    }
}
