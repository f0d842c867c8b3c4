/// Why a text is not the value a setting needs.
///
/// It never quotes the text, which may be secret.
struct SettingMismatch: Error, Equatable {
    /// What would be right, to follow the word "expected", or a whole advice when ``isLaterFeature``.
    var expected: String
    /// What was probably meant.
    ///
    /// It is made from the text, so it must not be shown when the text is secret.
    var suggestion: String?
    /// Whether the value is meaningful, but not to this version.
    var isLaterFeature = false

    init(_ expected: String, suggestion: String? = nil) {
        self.expected = expected
        self.suggestion = suggestion
    }

    /// A value that a later version will take.
    static func notSupportedYet(_ expected: String) -> SettingMismatch {
        var mismatch = SettingMismatch(expected)
        mismatch.isLaterFeature = true
        return mismatch
    }
}
