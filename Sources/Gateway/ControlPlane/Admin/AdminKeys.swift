import Foundation
import Hummingbird
import JOSE
import Proxy
import Sessions

/// `/admin/v1/keys`: the keys in the key directory, and how the next one comes to be.
struct AdminKeys: AdminEndpoints {
    /// `nil` when the keys stand in the configuration, or nothing is issued.
    let directory: SigningKeyDirectory?
    let clock: @Sendable () -> Int64
    let auditLog: AuditLog
    /// Files are read and written here, so that a slow disk holds up no other answer.
    private let queue = DispatchQueue(label: "portcullis.admin.keys")

    init(directory: SigningKeyDirectory?, clock: @escaping @Sendable () -> Int64, auditLog: AuditLog) {
        self.directory = directory
        self.clock = clock
        self.auditLog = auditLog
    }

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/keys") { _, _ in
            let now = clock() / 1000
            let keys = try await inDirectory { try $0.list(nowSeconds: now) }
            return AdminAPI.response(.ok, .object([("keys", .array(keys.map { $0.document(nowSeconds: now) }))]))
        }
        group.post("/keys/rotate") { request, context in
            let reason = try RequestParameters(query: request.uri.query).reason()
            let now = clock() / 1000
            let key = try await inDirectory { try $0.rotate(nowSeconds: now) }
            auditLog.administered("key rotation", key.keyID, reason: reason, context: context)
            return AdminAPI.response(.created, key.document(nowSeconds: now))
        }
    }

    private func inDirectory<Value: Sendable>(
        _ work: @escaping @Sendable (SigningKeyDirectory) throws -> Value
    ) async throws -> Value {
        guard let directory else { throw Problem.keysElsewhere }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work(directory) }) }
        }
    }
}

extension Problem {
    /// There is no key directory to change.
    static let keysElsewhere = Problem(
        status: 409, error: "conflict", description: "the keys are not kept in a key directory: exchange them there")
    /// A key was told to take over already.
    static let nextKeyExists = Problem(
        status: 409, error: "conflict", description: "a next key exists already, and takes over when its time has come")
}
