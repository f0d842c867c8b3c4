import Hummingbird
import Proxy

extension RequestParameters {
    /// What stands for why where nobody says.
    static let administratorReason = "administrator"
    /// How long why may be; it is kept with each revocation.
    private static let reasonByteLimit = 512
    private static let listSizes = 1...500
    private static let listSize = 100

    /// Why a change is made (`reason`), for the audit log.
    func reason() throws -> String {
        let reason = try text("reason") ?? Self.administratorReason
        guard reason.utf8.count <= Self.reasonByteLimit else {
            throw Problem.invalidRequest("reason has at most \(Self.reasonByteLimit) bytes")
        }
        return reason
    }

    /// How many rows a page is to have (`limit`).
    func listLimit() throws -> Int {
        try integer("limit", in: Self.listSizes) ?? Self.listSize
    }

    /// A switch that must be there.
    func requiredFlag(_ name: String) throws -> Bool {
        guard has(name) else { throw Problem.invalidRequest("\(name) is missing") }
        return try flag(name)
    }
}

extension AdminContext {
    /// The last part of the path, decoded.
    ///
    /// - Throws: ``Problem/noSuchCredential`` for what is no text.
    func name() throws -> String {
        let part = parameters.get("name") ?? ""
        // A plus sign in a path is one.
        guard let name = RequestParameters.decode(Array(part.replacing("+", with: "%2B").utf8)[...]) else {
            throw Problem.noSuchCredential
        }
        return name
    }
}
