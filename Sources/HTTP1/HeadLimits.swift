/// The largest head that is accepted, all in bytes but the count.
package struct HeadLimits: Sendable, Equatable {
    /// The longest start-line, its line end excluded.
    package var startLineBytes: Int
    /// The largest header section, start-line excluded.
    package var headerBytes: Int
    /// The most field lines.
    package var fieldCount: Int

    /// The values of the configuration's defaults.
    package init(startLineBytes: Int = 8 << 10, headerBytes: Int = 32 << 10, fieldCount: Int = 100) {
        self.startLineBytes = startLineBytes
        self.headerBytes = headerBytes
        self.fieldCount = fieldCount
    }
}
