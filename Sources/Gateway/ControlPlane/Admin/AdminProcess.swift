import HTTPTypes
import Hummingbird
import JOSE
import NIOCore
import Proxy

/// `/admin/v1/status` and `/admin/v1/reload`: how the process does, and its configuration read anew.
struct AdminProcess: AdminEndpoints {
    let status: StatusDocument
    let reloading: ConfigurationReloading
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/status") { _, _ in AdminAPI.response(.ok, await status.document()) }
        group.post("/reload") { _, context in
            let report = await reloading.reload()
            auditLog.administered(
                "configuration reload", report.isSuccessful ? "reloaded" : "refused", context: context)
            return report.isSuccessful
                ? AdminAPI.response(.ok, .object(report.members)) : Self.refusal(report, context)
        }
    }

    /// A problem document that names every problem.
    private static func refusal(_ report: ReloadReport, _ context: AdminContext) -> Response {
        let problem = Problem.configurationRefused
        let members: [(String, JSONValue)] = [
            ("type", .string("about:blank")), ("title", .string(problem.title)),
            ("status", .integer(Int64(problem.status))), ("error", .string(problem.error)),
            ("error_description", .string(problem.description)), ("request_id", .string(context.requestID)),
        ]
        var response = JSONResponse.make(.unprocessableContent, .object(members + report.members))
        response.headers[.contentType] = ProblemBody.contentType
        return response
    }
}

extension Problem {
    /// What is on disk cannot be used, and nothing has changed.
    static let configurationRefused = Problem(
        status: 422, error: "invalid_configuration",
        description: "the configuration, or a file that it names, cannot be used; nothing has changed")
}
