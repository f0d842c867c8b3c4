import HTTPTypes
import Hummingbird
import Proxy

/// The parameters of a request to an OAuth endpoint: a form and nothing else (RFC 6749 appendix B).
///
/// A parameter twice is an error, one without a value counts as left out, one nobody knows is ignored (RFC 6749 section
/// 3.2). What stands in the query of the URL is not looked at: secrets do not belong there.
struct OAuthForm {
    /// The most bytes of a token.
    static let longestToken = 16 << 10
    /// The most bytes of anything else.
    private static let longestText = 4 << 10

    private let parameters: RequestParameters

    /// Reads the body.
    ///
    /// - Throws: ``Problem``.
    init(_ request: Request) async throws {
        parameters = try await RequestParameters(form: request)
    }

    /// A parameter that may be left out.
    func text(_ name: String, atMost limit: Int = Self.longestText) throws -> String? {
        guard let text = try parameters.text(name) else { return nil }
        guard text.utf8.count <= limit else { throw Problem.invalidRequest("\(name) is too long") }
        return text
    }

    /// A parameter that must be there.
    func requiredText(_ name: String, atMost limit: Int = Self.longestText) throws -> String {
        guard let text = try text(name, atMost: limit) else { throw Problem.invalidRequest("\(name) is missing") }
        return text
    }
}
