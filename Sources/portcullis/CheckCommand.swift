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
        print("\(file.path): all is well")
        if let database = configuration.credentials?.databaseFile, !FileManager.default.fileExists(atPath: database) {
            print("to do before serve: make \(database) with: portcullis user add NAME --config \(file.path)")
        }
    }
}
