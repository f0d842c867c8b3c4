/// The times of a verified token, small enough to be judged on every request.
package struct TokenValidity: Sendable {
    private let issuedAt: NumericDate
    private let notBefore: NumericDate?
    private let expiresAt: NumericDate

    init(issuedAt: NumericDate, notBefore: NumericDate?, expiresAt: NumericDate) {
        self.issuedAt = issuedAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
    }

    /// What the clock has against the token.
    ///
    /// - Parameters:
    ///   - nowSeconds: seconds since 1970.
    ///   - leewaySeconds: how far clocks may differ, brought into 0 to 300.
    /// - Returns: `expired`, `notYetValid`, `issuedInTheFuture`, or nil.
    package func rejection(nowSeconds: Int64, leewaySeconds: Int64) -> TokenRejection? {
        let now = NumericDate(seconds: nowSeconds)
        let leeway = min(max(leewaySeconds, 0), TokenVerifier.maximumLeewaySeconds)
        // RFC 7519 section 4.1.4: on or after the moment itself the token is expired.
        guard expiresAt.isLater(than: now, byMoreThan: -leeway) else { return .expired }
        if let notBefore, notBefore.isLater(than: now, byMoreThan: leeway) { return .notYetValid }
        if issuedAt.isLater(than: now, byMoreThan: leeway) { return .issuedInTheFuture }
        return nil
    }
}
