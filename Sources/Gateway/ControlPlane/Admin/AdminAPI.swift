import HTTPTypes
import Hummingbird
import JOSE
import NIOCore
import Proxy

/// Endpoints below `/admin/v1`, all of which need the admin token.
protocol AdminEndpoints: Sendable {
    /// Adds them.
    func add(to group: RouterGroup<AdminContext>)
}

/// The admin listener's endpoints: whether the process lives and can do its work, what it has counted, and
/// administration.
struct AdminAPI {
    let readiness: Readiness
    let metrics: MetricsDocument
    let authorization: AdminAuthorization
    /// What there is to administer.
    let endpoints: [any AdminEndpoints]

    /// Builds the router.
    func router() -> Router<AdminContext> {
        let router = Router(context: AdminContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: AdminProblems())
        router.get("/healthz") { _, _ in Self.response(.ok, .object([("status", .string("ok"))])) }
        router.get("/readyz") { _, _ in
            let report = await readiness.report()
            return Self.response(report.isReady ? .ok : .serviceUnavailable, report.document)
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusText.contentType, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics.text())))
        }
        router.get("/openapi.yaml") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
        }
        // The token is asked for where a route has been found, so that no spelling of a path leads around it.
        let group = router.group("/admin/v1").add(middleware: authorization)
        for endpoint in endpoints { endpoint.add(to: group) }
        return router
    }

    /// A JSON document, not to be stored.
    static func response(_ status: HTTPResponse.Status, _ document: JSONValue) -> Response {
        JSONResponse.make(status, document)
    }

    /// Done, and nothing to say.
    static func nothing() -> Response {
        Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    /// A page of a list, with `next` where there are more.
    ///
    /// - Parameters:
    ///   - title: what they are called.
    ///   - found: the rows, one more than wanted where there are so many.
    ///   - limit: how many are wanted.
    ///   - name: what the next page begins after.
    ///   - document: a row as JSON.
    /// - Returns: the response.
    static func list<Row>(
        _ title: String, _ found: [Row], limit: Int, name: (Row) -> String, document: (Row) -> JSONValue
    ) -> Response {
        let rows = found.prefix(limit)
        var members: [(String, JSONValue)] = [(title, .array(rows.map(document)))]
        if found.count > limit, let last = rows.last { members.append(("next", .string(name(last)))) }
        return response(.ok, .object(members))
    }
}
