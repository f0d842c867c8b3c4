/// Something that can take up what has changed on disk, while the gateway runs.
///
/// Both are called on a thread that may block, one at a time.
protocol Reloadable: Sendable {
    /// What it is, for the log.
    var name: String { get }

    /// Whether something on disk has changed since it was read last.
    func hasChanged() -> Bool

    /// Takes up what is on disk now.
    ///
    /// - Returns: what to tell the operator about it, as metadata of the log.
    /// - Throws: ``ReloadFailure``; then everything stays as it was.
    func reload() throws(ReloadFailure) -> [String: String]
}

/// Why what is on disk cannot be used: every reason, in words for the operator.
struct ReloadFailure: Error, Equatable {
    let problems: [String]
}
