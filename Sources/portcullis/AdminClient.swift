import AsyncHTTPClient
import Gateway
import GatewayConfiguration
import JOSE
import NIOCore
import NIOHTTP1

/// Asks the admin listener of a running gateway, by the address and token of its configuration file.
struct AdminClient {
    private static let timeout = TimeAmount.seconds(10)
    private static let answerByteLimit = 1 << 20

    private let address: Configuration.ListenAddress
    private let token: Secret

    /// - Throws: ``CommandFailure`` when the file has no admin token.
    init(_ configuration: Configuration, path: String) throws {
        guard let token = configuration.listeners.adminToken else {
            throw CommandFailure(
                .configuration,
                "\(path): listeners.admin.token: missing; a running gateway takes orders only from who has it")
        }
        self.token = token
        address = configuration.listeners.adminAddress
    }

    /// Posts a document.
    ///
    /// - Parameters:
    ///   - document: the body.
    ///   - path: the endpoint.
    /// - Throws: ``CommandFailure`` unless the answer is a success.
    func post(_ document: JSONValue, to path: String) async throws {
        var request = HTTPClientRequest(url: "http://\(authority)\(path)")
        request.method = .POST
        request.headers = ["Authorization": "Bearer \(token.exposed)", "Content-Type": "application/json"]
        request.body = .bytes(ByteBuffer(bytes: JSONWriter.bytes(of: document)))
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            body = try await response.body.collect(upTo: Self.answerByteLimit)
        } catch {
            throw CommandFailure(
                .unavailable,
                "portcullis: no gateway answers at listeners.admin.address \(authority); is it running?")
        }
        guard response.status.code >= 300 else { return }
        throw failure(Int(response.status.code), Array(body.readableBytesView))
    }

    private var authority: String { address.localAuthority }

    private func failure(_ status: Int, _ body: [UInt8]) -> CommandFailure {
        let description = (try? JSONParser().parse(body))?["error_description"]?.string ?? "status \(status)"
        switch status {
        case 401, 403:
            return CommandFailure(
                .configuration, "portcullis: the gateway does not take the admin token of this file: \(description)")
        case 400..<500: return CommandFailure(.usage, "portcullis: refused: \(description)")
        default: return CommandFailure(.unavailable, "portcullis: not done: \(description)")
        }
    }
}
