import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import Proxy
import ServiceLifecycle
import UnixSignals

/// `portcullis serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway in the foreground.",
        discussion: Examples(
            "SIGTERM and SIGINT drain it; SIGHUP has it read its configuration anew.",
            "portcullis serve --config portcullis.yaml"
        ).text)

    @OptionGroup var file: ConfigurationOption

    mutating func run() async throws {
        let configuration = try file.load()
        // A peer that goes away must be an error of one connection, and a hang-up is no reason to die.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        let output = AccessLogWriter()
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, writer: output) }
        let logger = Logger(label: "portcullis")
        let gateway = Gateway(
            configuration: configuration, configurationPath: file.path, logger: logger,
            auditLogger: Logger(label: "audit"), output: output)
        var quiet = Logger(label: "lifecycle")
        quiet.logLevel = .error
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: gateway), .init(service: ReloadOnHangup(gateway: gateway))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await services.run()
        } catch let error as GatewayError {
            await output.shutdown()
            throw CommandFailure(error)
        } catch {
            await output.shutdown()
            throw CommandFailure(.software, "portcullis: the gateway failed: \(error)")
        }
        await output.shutdown()
    }
}
