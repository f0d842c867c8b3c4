extension Configuration {
    /// How a changed configuration file is taken up by a running gateway.
    package struct Reload: Sendable, Equatable {
        /// Whether the file is looked at, and a change taken up without being asked to.
        package var watchesFile: Bool
        /// How often it is looked at.
        package var intervalMilliseconds: Int64
    }
}
