import TestSupport
import Testing

/// Checks that an answer is a problem of the contract's one shape.
func expectProblem(
    _ answer: HTTPAnswer, _ status: Int, _ error: String, challenge: String? = nil, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func expect(_ condition: Bool, _ what: String) {
        let note = "\(what): \(answer.status) \(answer.everything) \(comment.map { "\($0)" } ?? "")"
        #expect(condition, "\(note)", sourceLocation: sourceLocation)
    }
    expect(answer.status == status, "status \(status)")
    expect(answer.field("Content-Type") == "application/problem+json", "media type")
    expect(answer.field("Cache-Control") == "no-store", "not to be stored")
    expect(answer.member("error") == error, "error \(error)")
    expect(answer.member("error_description")?.isEmpty == false, "description")
    expect(answer.member("request_id")?.isEmpty == false, "request_id")
    expect(answer.member("title")?.isEmpty == false, "title")
    expect(answer.json["status"] as? Int == status, "status member")
    expect(answer.field("WWW-Authenticate") == challenge, "challenge \(challenge ?? "none")")
    let isTemporary = status == 503 || status == 429
    expect((answer.field("Retry-After") != nil) == isTemporary, "Retry-After with 503 and 429 and only then")
    expect(SecretLedger.leaks(in: answer.everything) == [], "no secrets")
    for secret in ["127.0.0.1", "carol", "https://idp.test", "redis://"] {
        expect(!answer.text.contains(secret), "nothing of the inside: \(secret)")
    }
}

/// The challenge that goes with a token that is not accepted.
func invalidTokenChallenge(_ description: String) -> String {
    "Bearer realm=\"portcullis\", error=\"invalid_token\", error_description=\"\(description)\""
}
