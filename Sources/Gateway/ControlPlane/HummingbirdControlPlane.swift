import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Proxy
import Synchronization
import Tracing

/// Carries requests from the data path into a Hummingbird responder, and its responses back.
struct HummingbirdControlPlane<Responder: HTTPResponder>: ControlPlane where Responder.Context == ControlContext {
    let responder: Responder
    let logger: Logger
    /// `nil` when no request is traced.
    let tracer: GatewayTracer?

    func respond(to request: ControlRequest) async -> ControlResponse {
        guard let tracer, let place = request.trace else { return await answer(to: request) }
        var context = InstrumentationContext.topLevel
        context.place = place
        return await tracer.withSpan("control-plane", context: context) { span in
            let response = await answer(to: request)
            if response.status >= 500 { span.setStatus(SpanStatus(code: .error)) }
            return response
        }
    }

    private func answer(to request: ControlRequest) async -> ControlResponse {
        var logger = logger
        logger[metadataKey: "request_id"] = "\(request.requestID)"
        guard let head = Self.head(of: request) else {
            return .problem(.malformedRequest, requestID: request.requestID)
        }
        let context = ControlContext(
            source: ControlSource(
                logger: logger, clientAddress: request.clientAddress, requestID: request.requestID))
        do {
            let response = try await responder.respond(
                to: Request(head: head, body: RequestBody(buffer: request.body)), context: context)
            let collector = BodyCollector()
            try await response.body.write(collector)
            // The data path frames the answer itself.
            let fields = response.headers.filter { $0.name != .contentLength && $0.name != .transferEncoding }
            return ControlResponse(
                status: response.status.code, fields: fields.map { ($0.name.rawName, $0.value) },
                body: collector.collected)
        } catch {
            return .problem(ProblemMapping.problem(for: error, logger: logger), requestID: request.requestID)
        }
    }

    private static func head(of request: ControlRequest) -> HTTPRequest? {
        guard let method = HTTPRequest.Method(request.method) else { return nil }
        var fields = HTTPFields()
        for (name, value) in request.fields {
            guard let name = HTTPField.Name(name) else { return nil }
            fields.append(HTTPField(name: name, value: value))
        }
        return HTTPRequest(
            method: method, scheme: nil, authority: request.authority, path: request.target, headerFields: fields)
    }
}

extension ControlResponse {
    /// The answer for a problem.
    static func problem(_ problem: Problem, requestID: String) -> ControlResponse {
        var fields: [(name: String, value: String)] = [
            ("Content-Type", ProblemBody.contentType), ("Cache-Control", "no-store"), ("Pragma", "no-cache"),
        ]
        if let challenge = problem.challenge { fields.append(("WWW-Authenticate", challenge)) }
        if let seconds = problem.retryAfterSeconds { fields.append(("Retry-After", String(seconds))) }
        if let allow = problem.allow { fields.append(("Allow", allow)) }
        return ControlResponse(
            status: problem.status, fields: fields,
            body: ByteBuffer(string: ProblemBody.render(problem, requestID: requestID)))
    }
}

/// Gathers a response body.
private final class BodyCollector: ResponseBodyWriter, Sendable {
    private let buffer = Mutex(ByteBuffer())

    var collected: ByteBuffer { buffer.withLock { $0 } }

    func write(_ part: ByteBuffer) async throws {
        buffer.withLock { _ = $0.writeImmutableBuffer(part) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
