/// A moment as JWTs write it: seconds since 1970, possibly with a fraction (RFC 7519 section 2), kept exactly.
///
/// Accepted are the years 1 to 9999 at a grain of one nanosecond. Everything beyond is refused rather than rounded: no
/// honest clock says it, and rounding would move a border of validity.
package struct NumericDate: Sendable, Hashable, Comparable {
    /// Whole seconds since 1970, rounded down.
    package let seconds: Int64
    /// The rest, 0 to 999,999,999.
    package let nanoseconds: Int32

    /// The last second of the year 9999, and the bound of the distance into the past.
    private static let maximumMagnitudeSeconds: Int64 = 253_402_300_799

    /// A whole second.
    ///
    /// - Parameter seconds: since 1970, brought into the accepted years.
    package init(seconds: Int64) {
        self.init(
            seconds: min(max(seconds, -Self.maximumMagnitudeSeconds), Self.maximumMagnitudeSeconds), nanoseconds: 0)
    }

    private init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Milliseconds since 1970, rounded down: no later than the moment itself.
    package var millisecondsRoundedDown: Int64 {
        seconds * 1000 + Int64(nanoseconds / 1_000_000)
    }

    package static func < (left: NumericDate, right: NumericDate) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// Whether this moment is more than `seconds` after `other`.
    package func isLater(than other: NumericDate, byMoreThan seconds: Int64) -> Bool {
        (self.seconds - other.seconds, nanoseconds) > (seconds, other.nanoseconds)
    }
}

extension NumericDate {
    /// Reads a JSON number the scanner has checked, in any of its notations.
    ///
    /// Nil when it lies outside the accepted years or is finer than a nanosecond. The work is linear in the text.
    init?(jsonNumber text: UnsafeRawBufferPointer) {
        if let seconds = Self.wholeSeconds(text) {
            self.init(seconds: seconds, nanoseconds: 0)
            return
        }
        guard let decimal = DecimalDigits(jsonNumber: text) else { return nil }
        var wholeSeconds: Int64 = 0
        var fraction: Int32 = 0
        // Digit i stands for 10^(pointPosition - 1 - i); the loop covers every place from 10^11 to 10^-9.
        for place in stride(from: DecimalDigits.highestPlace, through: DecimalDigits.lowestPlace, by: -1) {
            let digit = decimal.digit(atPlace: place, in: text)
            if place >= 0 {
                wholeSeconds = wholeSeconds * 10 + Int64(digit)
            } else {
                fraction = fraction * 10 + Int32(digit)
            }
        }
        if decimal.isNegative {
            wholeSeconds = -wholeSeconds
            if fraction > 0 {
                wholeSeconds -= 1
                fraction = 1_000_000_000 - fraction
            }
        }
        guard abs(wholeSeconds) <= Self.maximumMagnitudeSeconds else { return nil }
        self.init(seconds: wholeSeconds, nanoseconds: fraction)
    }

    /// The number when it is nothing but up to eleven digits, as nearly every date is; none of those is out of bounds.
    private static func wholeSeconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count <= 11 else { return nil }
        var seconds: Int64 = 0
        for byte in text {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            seconds = seconds * 10 + Int64(digit)
        }
        return seconds
    }
}

/// The significant digits of a JSON number and the decimal places they stand at.
private struct DecimalDigits {
    /// 10^11 seconds is beyond the year 5000; 10^12 would be beyond 9999.
    static let highestPlace = 11
    /// 10^-9, a nanosecond.
    static let lowestPlace = -9

    let isNegative: Bool
    private var firstDigit = 0
    private var digitsEnd = 0
    private var pointIndex: Int
    private var topPlace = 0
    private var isZero = true

    /// Nil when a digit other than zero lies outside the places covered.
    init?(jsonNumber text: UnsafeRawBufferPointer) {
        isNegative = text.first == UInt8(ascii: "-")
        var mantissaEnd = text.count
        pointIndex = text.count
        var exponent = 0
        for index in 0..<text.count {
            if text[index] == UInt8(ascii: ".") { pointIndex = index }
            if text[index] | 0x20 == UInt8(ascii: "e") {
                mantissaEnd = index
                exponent = Self.exponent(in: text, from: index + 1)
                break
            }
        }
        pointIndex = min(pointIndex, mantissaEnd)
        var lastSignificant = 0
        for index in (isNegative ? 1 : 0)..<mantissaEnd
        where index != pointIndex && text[index] != UInt8(ascii: "0") {
            if isZero { firstDigit = index }
            isZero = false
            lastSignificant = index
        }
        digitsEnd = mantissaEnd
        guard !isZero else { return }
        topPlace = place(ofDigitAt: firstDigit) + exponent
        let bottomPlace = place(ofDigitAt: lastSignificant) + exponent
        guard topPlace <= Self.highestPlace, bottomPlace >= Self.lowestPlace else { return nil }
    }

    /// The digit that stands for 10^place.
    func digit(atPlace place: Int, in text: UnsafeRawBufferPointer) -> UInt8 {
        guard !isZero, place <= topPlace else { return 0 }
        var index = firstDigit + (topPlace - place)
        if firstDigit < pointIndex, index >= pointIndex { index += 1 }
        return index < digitsEnd ? text[index] - UInt8(ascii: "0") : 0
    }

    private func place(ofDigitAt index: Int) -> Int {
        index < pointIndex ? pointIndex - 1 - index : pointIndex - index
    }

    /// The exponent, held within a range far beyond any that passes, so that it cannot overflow.
    private static func exponent(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var value = 0
        for index in start..<text.count where text[index] >= UInt8(ascii: "0") {
            value = min(value * 10 + Int(text[index] - UInt8(ascii: "0")), 1_000_000_000)
        }
        return text[start] == UInt8(ascii: "-") ? -value : value
    }
}
