import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration

/// `portcullis check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate a configuration; every problem is printed at once.",
        discussion: "Exits with 0 when the file and the keys it names are good, else with 78.")

    @OptionGroup var file: ConfigurationOption

    func run() throws {
        let configuration = try file.load()
        do throws(GatewayError) {
            try Gateway.validate(configuration, path: file.path)
        } catch {
            throw CommandFailure(error)
        }
        let remarks = try AccountCheck.remarks(on: configuration, path: file.path)
        print("\(file.path): all is well")
        for remark in remarks { print(remark) }
    }
}
