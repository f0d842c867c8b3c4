import NIOConcurrencyHelpers
import NIOCore

@testable import Proxy

/// Answers with what it was asked, and keeps the questions.
final class StubControlPlane: ControlPlane {
    private let box = NIOLockedValueBox<[ControlRequest]>([])

    var requests: [ControlRequest] { box.withLockedValue { $0 } }

    func respond(to request: ControlRequest) async -> ControlResponse {
        box.withLockedValue { $0.append(request) }
        let echo = "\(request.method) \(request.target) \(request.body.readableBytes)"
        return ControlResponse(
            status: request.target.contains("/gone") ? 204 : 200,
            fields: [("X-Control", "yes"), ("X-Split", "a\r\nX-Injected: b")], body: ByteBuffer(string: echo))
    }
}
