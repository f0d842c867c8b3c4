import Credentials
import Foundation
import Gateway
import GatewayConfiguration
import Sessions

/// Why a command ended without doing its work: what to print, and the exit code that scripts can tell apart.
struct CommandFailure: Error {
    /// Exit codes as `sysexits.h` has them.
    enum Code: Int32 {
        case usage = 64
        case unavailable = 69
        case software = 70
        case configuration = 78
    }

    let code: Code
    let text: String

    init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    init(_ error: GatewayError) {
        let code: Code =
            switch error.code {
            case .configuration: .configuration
            case .unavailable: .unavailable
            case .internalFailure: .software
            }
        self.init(code, "portcullis: \(error.description)")
    }

    init(_ error: ConfigurationProblems) {
        self.init(.configuration, error.description)
    }

    init(_ error: SigningKeyError) {
        let isElsewhere = error.code == .busy || error.code == .unwritable
        self.init(isElsewhere ? .unavailable : .configuration, "portcullis: \(error.description)")
    }

    init(_ error: CredentialError) {
        let advice = CredentialAdvice.text(for: error)
        self.init(error.isTemporary ? .unavailable : .configuration, "portcullis: \(advice)")
    }

    /// Prints the text to standard error.
    func report() {
        FileHandle.standardError.write(Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }
}
