/// The JSON document of a ``Problem`` (RFC 9457 section 3).
package enum ProblemBody {
    /// The media type of the document.
    package static let contentType = "application/problem+json"

    /// Renders the document.
    ///
    /// - Parameters:
    ///   - problem: what went wrong.
    ///   - requestID: the identifier that also stands in the logs; it is well-formed, so it needs no escaping.
    /// - Returns: the document's text.
    package static func render(_ problem: Problem, requestID: String) -> String {
        "{\"type\":\"about:blank\",\"title\":\"\(problem.title)\",\"status\":\(problem.status),"
            + "\"error\":\"\(problem.error)\",\"error_description\":\"\(escape(problem.description))\","
            + "\"request_id\":\"\(requestID)\"}\n"
    }

    private static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return text }
        return text.reduce(into: "") { result, character in
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }
}
