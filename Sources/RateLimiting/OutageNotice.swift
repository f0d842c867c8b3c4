/// Tells when it is worth a word in the log that Redis cannot be asked, or can be again; a value without clock or log.
///
/// A server at its limit may answer one question and not the next: it counts as back only after a while without failure.
struct OutageNotice {
    static let quietMilliseconds: Int64 = 1_000

    private var isOut = false
    private var lastFailureMilliseconds: Int64 = 0

    /// A question was not answered.
    ///
    /// - Returns: whether that is news.
    mutating func failed(nowMilliseconds: Int64) -> Bool {
        lastFailureMilliseconds = nowMilliseconds
        defer { isOut = true }
        return !isOut
    }

    /// A question was answered; the clock is read only when that may be news.
    ///
    /// - Returns: whether it is.
    mutating func succeeded(nowMilliseconds: @autoclosure () -> Int64) -> Bool {
        guard isOut, nowMilliseconds() - lastFailureMilliseconds >= Self.quietMilliseconds else { return false }
        isOut = false
        return true
    }
}
