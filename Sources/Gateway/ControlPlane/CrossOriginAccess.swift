import NIOCore
import Proxy

/// Lets pages of other origins call the gateway's own endpoints (Fetch, section 3.2), without cookies.
struct CrossOriginAccess: ControlPlane {
    private static let methods = "GET, POST, DELETE"
    private static let headers = "Authorization, Content-Type"
    private static let secondsToRemember = "600"

    let origins: Set<String>
    let next: any ControlPlane

    func respond(to request: ControlRequest) async -> ControlResponse {
        let origin = allowedOrigin(of: request)
        let isPreflight =
            request.method == "OPTIONS"
            && request.fields.contains { $0.name.lowercased() == "access-control-request-method" }
        var response =
            isPreflight ? ControlResponse(status: 204, fields: [], body: .init()) : await next.respond(to: request)
        // What is answered depends on who asks, whoever that is.
        response.fields.append(("Vary", "Origin"))
        guard let origin else { return response }
        response.fields.append(("Access-Control-Allow-Origin", origin))
        if isPreflight {
            response.fields.append(("Access-Control-Allow-Methods", Self.methods))
            response.fields.append(("Access-Control-Allow-Headers", Self.headers))
            response.fields.append(("Access-Control-Max-Age", Self.secondsToRemember))
        } else {
            response.fields.append(("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate"))
        }
        return response
    }

    private func allowedOrigin(of request: ControlRequest) -> String? {
        let values = request.fields.filter { $0.name.lowercased() == "origin" }
        guard values.count == 1, let origin = values.first?.value, origins.contains(origin) else { return nil }
        return origin
    }
}
