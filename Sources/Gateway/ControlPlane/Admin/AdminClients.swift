import Credentials
import Hummingbird
import JOSE
import Proxy

/// `/admin/v1/clients`: the programs that get tokens of their own.
struct AdminClients: CredentialEndpoints {
    let credentials: CredentialAdministration?
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/clients", use: list)
        group.post("/clients", use: create)
        group.get("/clients/{name}", use: show)
        group.patch("/clients/{name}", use: change)
        group.delete("/clients/{name}", use: delete)
    }

    @Sendable
    private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let page = try page(request)
        let after = try page.after.map { text throws(CredentialError) in try ClientID(text) }
        let found = try await credentials.perform { store throws(CredentialError) in
            try store.listClients(after: after, limit: page.limit + 1)
        }
        return AdminAPI.list("clients", found, limit: page.limit, name: \.id.text) { .object($0.members) }
    }

    @Sendable
    private func create(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["id", "public", "grants", "scope", "reason"])
        let id = try ClientID(try body.requiredText("id"))
        let isPublic = try body.flag("public")
        let grants = try body.text("grants") ?? (isPublic ? "" : "client_credentials")
        let scope = try body.text("scope") ?? ""
        let reason = try body.reason()
        let secret = try await credentials.makeSecret { directory throws(CredentialError) in
            try directory.addClient(id: id.text, isPublic: isPublic, grants: grants, scope: scope)
        }
        auditLog.administered("client created", id.text, reason: reason, context: context)
        var members = try await Self.client(id, credentials).members
        if let secret { members.append(("secret", .string(secret))) }
        return AdminAPI.response(.created, .object(members))
    }

    @Sendable
    private func show(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let client = try await Self.client(try Self.id(context), credentials)
        return AdminAPI.response(.ok, .object(client.members))
    }

    @Sendable
    private func change(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["disabled", "reason"])
        let isDisabled = try body.requiredFlag("disabled")
        let reason = try body.reason()
        let id = try Self.id(context)
        if isDisabled {
            try await disable(id, credentials, reason: reason, context)
        } else {
            let now = credentials.clock()
            try await credentials.perform { store throws(CredentialError) in
                try store.setDisabled(false, of: id, nowMilliseconds: now)
            }
            auditLog.administered("client enabled", id.text, reason: reason, context: context)
        }
        return AdminAPI.response(.ok, .object(try await Self.client(id, credentials).members))
    }

    @Sendable
    private func delete(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let reason = try deletionReason(request)
        let id = try Self.id(context)
        try await disable(id, credentials, reason: reason, context)
        try await credentials.revokeKeys(of: .client(id), reason: reason)
        let now = credentials.clock()
        try await credentials.perform { store throws(CredentialError) in try store.delete(id, nowMilliseconds: now) }
        auditLog.administered("client deleted", id.text, reason: reason, context: context)
        return AdminAPI.nothing()
    }

    private func disable(
        _ id: ClientID, _ credentials: CredentialAdministration, reason: String, _ context: AdminContext
    ) async throws {
        let now = credentials.clock()
        try await credentials.perform { store throws(CredentialError) in
            try store.setDisabled(true, of: id, nowMilliseconds: now)
        }
        auditLog.administered("client disabled", id.text, reason: reason, context: context)
        try await credentials.endTokens(ofClient: id, reason: reason)
    }

    private static func id(_ context: AdminContext) throws -> ClientID {
        guard let id = try? ClientID(try context.name()) else { throw Problem.noSuchCredential }
        return id
    }

    private static func client(_ id: ClientID, _ credentials: CredentialAdministration) async throws -> Client {
        let record = try await credentials.perform { store throws(CredentialError) in try store.find(id) }
        guard let record else { throw Problem.noSuchCredential }
        return record.client
    }
}
