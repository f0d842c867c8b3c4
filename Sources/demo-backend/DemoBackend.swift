import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// A service to stand behind the gateway in demonstrations: answers every request with what it saw of it.
@main
struct DemoBackend {
    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 9000
        var logger = Logger(label: "demo-backend")
        logger.logLevel = .warning
        let router = Router()
        router.get("/healthz") { _, _ in "ok\n" }
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            router.on("/**", method: method) { request, _ in try echo(request) }
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        try await application.runService()
    }

    private static func echo(_ request: Request) throws -> Response {
        var fields: [String: String] = [:]
        for field in request.headers { fields[field.name.rawName.lowercased()] = field.value }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let body = try encoder.encode(
            Seen(method: request.method.rawValue, path: request.uri.description, headers: fields))
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body + Data("\n".utf8))))
    }

    private struct Seen: Encodable {
        var message = "hello from the backend"
        var method: String
        var path: String
        var headers: [String: String]
    }
}
