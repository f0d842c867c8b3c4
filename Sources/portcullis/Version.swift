/// The program's version.
enum Version {
    /// By semantic versioning; the same as the newest heading of CHANGELOG.md.
    static let current = "0.1.0"
}
