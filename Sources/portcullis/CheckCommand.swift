import ArgumentParser
import Gateway
import GatewayConfiguration

/// `portcullis check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate a configuration; every problem is printed at once.",
        discussion: "Exits with 0 when the gateway would start with it, else with 78.")

    @OptionGroup var file: ConfigurationOption

    func run() throws {
        let configuration = try file.load()
        do throws(GatewayError) {
            try Gateway.validate(configuration, path: file.path)
        } catch {
            throw CommandFailure(error)
        }
        print("\(file.path): all is well")
    }
}
