import Gateway
import GatewayConfiguration

/// Ends an account's sessions for a command, and says how that went.
enum SessionEndingReport {
    /// - Parameters:
    ///   - done: what the command has done already.
    ///   - name: the account.
    ///   - configuration: what the file says.
    ///   - path: the file.
    /// - Throws: ``CommandFailure`` when it is not certain that the sessions have ended.
    static func end(after done: String, of name: String, _ configuration: Configuration, path: String) async throws {
        do throws(GatewayError) {
            switch try await SessionEnding.end(of: name, configuration, path: path) {
            case .ended(let count): print("ended \(count) sessions; tokens issued so far are refused")
            case .noSessions: break
            case .outOfReach:
                print(
                    "there is no redis in \(path): sessions are inside the gateway's process; restart it to end them, "
                        + "or they last until they expire")
            case .unavailable:
                throw GatewayError(
                    .unavailable, "\(done), but Redis did not confirm the end of the sessions; run this again")
            }
        } catch {
            throw CommandFailure(error)
        }
    }
}
