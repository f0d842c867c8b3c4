import ArgumentParser
import JOSE

/// `portcullis revoke`.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Have a running gateway refuse tokens from now on.",
        discussion: Examples(
            """
            Asks the gateway at listeners.admin.address, with listeners.admin.token of the configuration file. Done means \
            that every node which shares its Redis refuses them; ask again after a failure, it does no harm.
            """, #"portcullis revoke --subject alice --reason "left" --config portcullis.yaml"#,
            "portcullis revoke --session 01a1fc46af81 --config portcullis.yaml",
            "portcullis revoke --all --config portcullis.yaml"
        ).text)

    @Option(help: "One access token, by its jti.")
    var jti: String?
    @Option(help: "A session, by its sid: its access tokens and its refresh token.")
    var session: String?
    @Option(help: "Everything a subject holds.")
    var subject: String?
    @Option(help: "Everything that was issued to a client.")
    var client: String?
    @Option(help: "Everything that was signed with a key, by its kid.")
    var key: String?
    @Flag(help: "Everything: everybody must log in again.")
    var all = false
    @Option(help: ArgumentHelp("Seconds since 1970, with --jti: when that token expires.", valueName: "exp"))
    var expiresAt: Int64?
    @Option(help: "Whose tokens are meant, by iss; left out, those of the gateway itself.")
    var issuer: String?
    @Option(help: "Why; kept with the revocation and in the audit log.")
    var reason: String?
    @OptionGroup var file: ConfigurationOption

    private var named: [(String, JSONValue)] {
        let texts = [("jti", jti), ("session", session), ("subject", subject), ("client", client), ("key", key)]
        return texts.compactMap { name, text in text.map { (name, .string($0)) } } + (all ? [("all", .bool(true))] : [])
    }

    func validate() throws {
        guard named.count == 1 else {
            throw ValidationError("Name exactly one of --jti, --session, --subject, --client, --key and --all.")
        }
        guard expiresAt == nil || jti != nil else { throw ValidationError("--expires-at goes with --jti.") }
        guard issuer == nil || !all else { throw ValidationError("--all is about every issuer: leave --issuer out.") }
    }

    func run() async throws {
        var members = named
        if let expiresAt { members.append(("expires_at", .integer(expiresAt))) }
        if let issuer { members.append(("issuer", .string(issuer))) }
        if let reason { members.append(("reason", .string(reason))) }
        let client = try AdminClient(try file.load(), path: file.path)
        try await client.post(.object(members), to: "/admin/v1/revocations")
        print("revoked")
    }
}
