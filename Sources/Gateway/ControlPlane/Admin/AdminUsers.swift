import Credentials
import Hummingbird
import JOSE
import Proxy

/// `/admin/v1/users`: the accounts that can log in.
struct AdminUsers: CredentialEndpoints {
    let credentials: CredentialAdministration?
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/users", use: list)
        group.post("/users", use: create)
        group.get("/users/{name}", use: show)
        group.patch("/users/{name}", use: change)
        group.delete("/users/{name}", use: delete)
    }

    @Sendable
    private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let page = try page(request)
        let found = try await credentials.users.list(after: page.after, limit: page.limit + 1)
        return AdminAPI.list("users", found, limit: page.limit, name: \.name.text, document: \.document)
    }

    @Sendable
    private func create(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["name", "password", "scope", "reason"])
        let name = try body.requiredText("name")
        let reason = try body.reason()
        try await credentials.users.add(
            name: name, password: Array(try body.requiredText("password").utf8), scope: try body.text("scope") ?? "",
            nowMilliseconds: credentials.clock())
        auditLog.administered("user created", name, reason: reason, context: context)
        return AdminAPI.response(.created, try await Self.user(name, credentials).document)
    }

    @Sendable
    private func show(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        return AdminAPI.response(.ok, try await Self.user(try context.name(), credentials).document)
    }

    @Sendable
    private func change(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let body = try await RequestParameters(request)
        try body.refuseOthers(than: ["disabled", "reason"])
        let isDisabled = try body.requiredFlag("disabled")
        let reason = try body.reason()
        let user = try await Self.user(try context.name(), credentials)
        if isDisabled {
            try await disable(user.name.text, credentials, reason: reason, context)
        } else {
            try await credentials.users.setDisabled(
                false, of: user.name.text, nowMilliseconds: credentials.clock())
            auditLog.administered("user enabled", user.name.text, reason: reason, context: context)
        }
        return AdminAPI.response(.ok, try await Self.user(user.name.text, credentials).document)
    }

    @Sendable
    private func delete(_ request: Request, _ context: AdminContext) async throws -> Response {
        let credentials = try required()
        let reason = try deletionReason(request)
        let user = try await Self.user(try context.name(), credentials)
        try await disable(user.name.text, credentials, reason: reason, context)
        try await credentials.revokeKeys(of: .subject(user.name), reason: reason)
        try await credentials.users.delete(user.name.text, nowMilliseconds: credentials.clock())
        auditLog.administered("user deleted", user.name.text, reason: reason, context: context)
        return AdminAPI.nothing()
    }

    private func disable(
        _ name: String, _ credentials: CredentialAdministration, reason: String, _ context: AdminContext
    ) async throws {
        try await credentials.users.setDisabled(true, of: name, nowMilliseconds: credentials.clock())
        auditLog.administered("user disabled", name, reason: reason, context: context)
        try await credentials.endTokens(ofUser: name, reason: reason)
    }

    private static func user(_ name: String, _ credentials: CredentialAdministration) async throws -> User {
        guard (try? UserName(name)) != nil, let user = try await credentials.users.find(name: name) else {
            throw Problem.noSuchCredential
        }
        return user
    }
}
