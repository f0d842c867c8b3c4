import AsyncHTTPClient
import Credentials
import GatewayConfiguration
import JOSE
import NIOCore
import NIOHTTP1
import NIOSSL
import PeerIdentity
import Sessions
import Synchronization

/// Has an identity service judge names and passwords.
///
/// They are posted as JSON. 200 with `sub` (and `scope` and `claims`, if wanted) lets in, 401 and 403 refuse; whatever
/// else comes, or does not come in time, is an outage and lets nobody in.
final class IdentityService: Authenticating {
    private static let answerByteLimit = 64 << 10

    private let settings: Configuration.Login.Delegate
    private let client: HTTPClient
    private let waitingCount = Mutex(0)

    /// - Parameters:
    ///   - settings: where the service is.
    ///   - group: whose loops carry the connections.
    ///   - tracer: told of its calls; `nil` when no request is traced.
    /// - Throws: ``GatewayError`` when the file of authorities cannot be used.
    init(
        _ settings: Configuration.Login.Delegate, group: any EventLoopGroup, tracer: GatewayTracer? = nil
    ) throws(GatewayError) {
        self.settings = settings
        var tls = TLSConfiguration.makeClientConfiguration()
        if let path = settings.authoritiesFile {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
            } catch {
                throw GatewayError(.configuration, "login.delegate.ca \(path) holds no certificates that can be used")
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .milliseconds(settings.timeoutMilliseconds), read: .milliseconds(settings.timeoutMilliseconds)),
            decompression: .disabled)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = min(settings.concurrencyLimit, 256)
        configuration.httpVersion = .http1Only
        let peer = ExpectedPeer(ExpectedPeer.Host(url: settings.url))
        configuration.http1_1ConnectionDebugInitializer = { peer.check($0) }
        configuration.tracing.tracer = tracer
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Closes its connections.
    func shutDown() async {
        try? await client.shutdown()
    }

    func authenticate(
        name: String, password: [UInt8], address: String
    ) async throws(CredentialError) -> LoginIdentity {
        guard let password = String(validating: password, as: UTF8.self) else {
            throw CredentialError(.invalidCredentials)
        }
        let isAdmitted = waitingCount.withLock { count in
            guard count < settings.concurrencyLimit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { throw CredentialError(.overloaded) }
        defer { waitingCount.withLock { $0 -= 1 } }
        let (status, body) = try await ask(name: name, password: password)
        switch status {
        case 200: return try Self.identity(body)
        case 401, 403: throw CredentialError(.invalidCredentials)
        default: throw CredentialError(.unavailable(.other), detail: "the identity service answered \(status)")
        }
    }

    private func ask(name: String, password: String) async throws(CredentialError) -> (UInt, [UInt8]) {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "Accept": "application/json"]
        let document = JSONValue.object([("username", .string(name)), ("password", .string(password))])
        request.body = .bytes(ByteBuffer(bytes: JSONWriter.bytes(of: document)))
        do {
            return try await exchange(request)
        } catch {
            // The error's type only: its text may quote the answer.
            throw CredentialError(.unavailable(.unreachable), detail: "the identity service: \(type(of: error))")
        }
    }

    /// Sends a request and takes the whole answer, in time.
    private func exchange(_ request: HTTPClientRequest) async throws -> (UInt, [UInt8]) {
        let limit = settings.timeoutMilliseconds
        return try await withThrowingTaskGroup(of: (UInt, [UInt8]).self) { [client] tasks in
            defer { tasks.cancelAll() }
            tasks.addTask {
                let response = try await client.execute(request, deadline: .now() + .milliseconds(limit))
                let body = try await response.body.collect(upTo: Self.answerByteLimit)
                return (response.status.code, Array(body.readableBytesView))
            }
            // The client's own deadline ends with the head, and a body may come byte by byte.
            tasks.addTask {
                try await Task.sleep(for: .milliseconds(limit))
                throw TimeoutError()
            }
            guard let first = try await tasks.next() else { throw TimeoutError() }
            return first
        }
    }

    private struct TimeoutError: Error {}

    /// Reads an answer that lets in; one that is not understood lets nobody in.
    private static func identity(_ body: [UInt8]) throws(CredentialError) -> LoginIdentity {
        let limits = JSONLimits(maximumByteCount: answerByteLimit, maximumDepth: 16, maximumMemberCount: 1024)
        guard let answer = try? JSONParser(limits: limits).parse(body).object,
            let subject = answer["sub"]?.string, let name = try? UserName(subject),
            let scope = try? ScopeList(answer["scope"].map { $0.string ?? "\n" } ?? "")
        else {
            throw CredentialError(.unavailable(.other), detail: "the identity service's answer is not understood")
        }
        var claims = ""
        if let value = answer["claims"] {
            claims = JSONWriter.text(of: value)
            guard case .object = value, claims.utf8.count <= SessionDetails.maximumClaimsBytes else {
                throw CredentialError(
                    .unavailable(.other), detail: "the identity service's claims are no object, or too long")
            }
        }
        return LoginIdentity(name: name, scope: scope, claims: claims)
    }
}
