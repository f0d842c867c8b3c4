import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import JOSE

/// `portcullis check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate a configuration; every problem is printed at once.",
        discussion: Examples(
            "Exits with 0 when the file and the keys it names are good, else with 78.",
            "portcullis check --config portcullis.yaml",
            "portcullis check --config portcullis.yaml --output json"
        ).text)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOption

    func run() throws {
        switch output.format {
        case .table:
            let remarks = try remarks()
            print("\(file.path): all is well")
            for remark in remarks { print(remark) }
        case .json:
            do {
                output.printDocument(.object([("ok", .bool(true)), ("remarks", Self.list(try remarks()))]))
            } catch let failure as CommandFailure {
                let problems = failure.text.split(separator: "\n").map(String.init)
                output.printDocument(.object([("ok", .bool(false)), ("problems", Self.list(problems))]))
                throw ExitCode(failure.code.rawValue)
            }
        }
    }

    /// What is no fault, but worth knowing.
    ///
    /// - Throws: ``CommandFailure`` with every problem, one on each line.
    private func remarks() throws -> [String] {
        let configuration = try file.load()
        do throws(GatewayError) {
            try Gateway.validate(configuration, path: file.path)
        } catch {
            throw CommandFailure(error)
        }
        return try AccountCheck.remarks(on: configuration, path: file.path)
    }

    private static func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
