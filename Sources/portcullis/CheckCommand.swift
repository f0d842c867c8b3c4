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
            "portcullis check --config portcullis.yaml"
        ).text)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOption

    func run() throws {
        let configuration = try file.load()
        do throws(GatewayError) {
            try Gateway.validate(configuration, path: file.path)
        } catch {
            throw CommandFailure(error)
        }
        let remarks = try AccountCheck.remarks(on: configuration, path: file.path)
        switch output.format {
        case .table:
            print("\(file.path): all is well")
            for remark in remarks { print(remark) }
        case .json:
            output.printDocument(.object([("ok", .bool(true)), ("remarks", .array(remarks.map { .string($0) }))]))
        }
    }
}
