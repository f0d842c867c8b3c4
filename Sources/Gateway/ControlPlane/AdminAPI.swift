import HTTPTypes
import Hummingbird
import JOSE
import NIOCore

/// The admin listener's endpoints.
///
/// For now whether the process lives, and whether it can do its work.
struct AdminAPI {
    let readiness: Readiness

    /// Builds the router.
    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.get("/healthz") { _, _ in Self.response(.ok, .object([("status", .string("ok"))])) }
        router.get("/readyz") { _, _ in
            let report = await readiness.report()
            return Self.response(report.isReady ? .ok : .serviceUnavailable, report.document)
        }
        return router
    }

    private static func response(_ status: HTTPResponse.Status, _ document: JSONValue) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: document))))
    }
}
