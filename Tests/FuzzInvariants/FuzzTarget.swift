/// What is fuzzed: each parser that reads bytes of strangers, with the rules that hold for any input.
///
/// The fuzzers in `Fuzz/` and the tests that replay their findings run the same checks. This is public, and nothing
/// below it is, because `Fuzz` is a package of its own, which does not see `package` declarations.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case requestHead = "RequestHead"
    case responseHead = "ResponseHead"
    case chunked = "Chunked"
    case path = "Path"
    case json = "JSON"
    case token = "Token"
    case claims = "Claims"
    case key = "JWK"

    /// Checks every rule for an input.
    ///
    /// - Parameter input: the bytes; a sanitizer sees when a parser reads beside them.
    /// - Returns: the rule that does not hold, or `nil`.
    public func complaint(about input: UnsafeRawBufferPointer) -> String? {
        switch self {
        case .requestHead: RequestInvariants.complaint(about: input)
        case .responseHead: ResponseInvariants.complaint(about: input)
        case .chunked: ChunkedInvariants.complaint(about: input)
        case .path: PathInvariants.complaint(about: input)
        case .json: JSONInvariants.complaint(about: input)
        case .token: TokenInvariants.complaint(about: input)
        case .claims: ClaimsInvariants.complaint(about: input)
        case .key: KeyInvariants.complaint(about: input)
        }
    }

    /// Ends the process, as a fuzzer wants it, when a rule does not hold.
    public func check(_ input: UnsafeRawBufferPointer) {
        if let complaint = complaint(about: input) { fatalError("\(rawValue): \(complaint)") }
    }
}
