/// The program's version.
package enum Version {
    /// By semantic versioning; the same as the newest heading of CHANGELOG.md.
    package static let current = "0.1.0"
}
