import Credentials
import HTTPTypes
import Hummingbird
import NIOCore
import Proxy

/// Turns what handlers of the admin listener throw into problems, as the control plane does for clients.
struct AdminProblems: RouterMiddleware {
    typealias Context = AdminContext

    func handle(
        _ request: Request, context: AdminContext, next: (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem =
                if let error = error as? CredentialError {
                    AdminCredentialProblems.problem(for: error, logger: context.logger)
                } else {
                    ProblemMapping.problem(for: error, logger: context.logger)
                }
            let answer = ControlResponse.problem(problem, requestID: context.requestID)
            var headers = HTTPFields()
            for (name, value) in answer.fields {
                guard let name = HTTPField.Name(name) else { continue }
                headers[name] = value
            }
            return Response(
                status: HTTPResponse.Status(code: answer.status), headers: headers,
                body: ResponseBody(byteBuffer: answer.body))
        }
    }
}
