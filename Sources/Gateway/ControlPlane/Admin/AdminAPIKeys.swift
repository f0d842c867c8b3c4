import Credentials
import Hummingbird
import JOSE
import Proxy

/// `/admin/v1/api-keys`: keys for machines and agents that present one string.
struct AdminAPIKeys: CredentialEndpoints {
    /// A hundred years; what lives longer has no end.
    private static let lifetimes = 1...3_153_600_000

    let credentials: CredentialAdministration?
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/api-keys", use: list)
        group.post("/api-keys", use: create)
        group.get("/api-keys/{name}", use: show)
        group.patch("/api-keys/{name}", use: change)
        group.delete("/api-keys/{name}", use: delete)
    }

    @Sendable
    private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let page = try page(request)
        let after = try page.after.map { text throws(CredentialError) in try APIKeyID(text) }
        let found = try await credentials.perform { store throws(CredentialError) in
            try store.listAPIKeys(after: after, limit: page.limit + 1)
        }
        let now = credentials.clock()
        return AdminAPI.list("api_keys", found, limit: page.limit, name: \.id.text) {
            .object($0.members(nowMilliseconds: now))
        }
    }

    @Sendable
    private func create(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["user", "client", "label", "scope", "addresses", "expires_in", "reason"])
        let owner: APIKey.Owner
        switch (try body.text("user"), try body.text("client")) {
        case (let user?, nil): owner = .subject(try UserName(user))
        case (nil, let client?): owner = .client(try ClientID(client))
        default: throw Problem.invalidRequest("name exactly one of user and client")
        }
        let (label, scope) = (try body.text("label") ?? "", try body.text("scope") ?? "")
        let addresses = try body.text("addresses") ?? ""
        let lifetime = try body.integer("expires_in", in: Self.lifetimes).map { Int64($0) }
        let reason = try body.reason()
        let key = try await credentials.makeSecret { directory throws(CredentialError) in
            try directory.createAPIKey(
                owner: owner, label: label, scope: scope, addresses: addresses, lifetimeSeconds: lifetime)
        }
        auditLog.administered("API key created", key.id.text, reason: reason, context: context)
        var members = try await Self.members(key.id, credentials)
        members.append(("key", .string(key.exposed)))
        return AdminAPI.response(.created, .object(members))
    }

    @Sendable
    private func show(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        return AdminAPI.response(.ok, .object(try await Self.members(try Self.id(context), credentials)))
    }

    @Sendable
    private func change(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["revoked", "reason"])
        guard try body.requiredFlag("revoked") else {
            throw Problem.invalidRequest("a revoked key stays revoked: make another one")
        }
        let id = try Self.id(context)
        try await revoke(id, credentials, reason: try body.reason(), context)
        return AdminAPI.response(.ok, .object(try await Self.members(id, credentials)))
    }

    @Sendable
    private func delete(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let reason = try deletionReason(request)
        let id = try Self.id(context)
        try await revoke(id, credentials, reason: reason, context)
        try await credentials.perform { store throws(CredentialError) in try store.delete(id) }
        auditLog.administered("API key deleted", id.text, reason: reason, context: context)
        return AdminAPI.nothing()
    }

    private func revoke(
        _ id: APIKeyID, _ credentials: CredentialAdministration, reason: String, _ context: AdminContext
    ) async throws {
        try await credentials.revoke(id, reason: reason)
        auditLog.administered("API key revoked", id.text, reason: reason, context: context)
    }

    private static func id(_ context: AdminContext) throws -> APIKeyID {
        guard let id = try? APIKeyID(try context.name()) else { throw Problem.noSuchCredential }
        return id
    }

    private static func members(
        _ id: APIKeyID, _ credentials: CredentialAdministration
    ) async throws -> [(String, JSONValue)] {
        let record = try await credentials.perform { store throws(CredentialError) in try store.find(id) }
        guard let record else { throw Problem.noSuchCredential }
        return record.key.members(nowMilliseconds: credentials.clock())
    }
}
