import Hummingbird
import JOSE
import Proxy
import Sessions

/// `/admin/v1/sessions?subject=`: whose sessions there are, and their end.
struct AdminSessions: AdminEndpoints {
    let sessions: SessionService
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/sessions") { request, _ in
            let query = try RequestParameters(query: request.uri.query)
            let page = try await sessions.sessions(
                of: try query.requiredText("subject"), after: try query.sessionCursor(), limit: try query.pageSize())
            return AdminAPI.response(.ok, SessionDocument.page(page, currentSessionID: nil))
        }
        group.delete("/sessions") { request, context in
            let query = try RequestParameters(query: request.uri.query)
            let subject = try query.requiredText("subject")
            let reason = try query.reason()
            let count = try await sessions.endAll(subject: subject, reason: .administrator, remark: reason)
            auditLog.administered("sessions ended", subject, reason: reason, count: count, context: context)
            return AdminAPI.nothing()
        }
    }
}
