import HTTPTypes
import Hummingbird
import JOSE
import NIOCore

/// The admin listener's endpoints.
///
/// For now whether the process lives, whether it can do its work, and what it has counted.
struct AdminAPI {
    let readiness: Readiness
    let metrics: MetricsDocument

    /// Builds the router.
    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
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
        return router
    }

    private static func response(_ status: HTTPResponse.Status, _ document: JSONValue) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: document))))
    }
}
