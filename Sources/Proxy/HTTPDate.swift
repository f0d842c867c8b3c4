import NIOCore

/// The `Date` line (RFC 9110 section 6.6.1), made once a second.
struct HTTPDate {
    private(set) var line: [UInt8] = []
    private var second: Int64 = .min

    /// Brings the line up to date.
    ///
    /// - Parameter seconds: the time since 1970.
    mutating func update(seconds: Int64) {
        guard seconds != second else { return }
        second = seconds
        let days = seconds.quotient(86_400)
        let time = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekday = weekdays[Int(days - days.quotient(7) * 7)]
        let text =
            "Date: \(weekday), \(date.day.padded(2)) \(months[date.month - 1]) \(date.year.padded(4)) "
            + "\(Int(time / 3600).padded(2)):\(Int(time / 60 % 60).padded(2)):\(Int(time % 60).padded(2)) GMT\r\n"
        line = Array(text.utf8)
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    /// Converts by counting in 400-year eras that begin on the first of March.
    init(daysSince1970: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = shifted.quotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity.
    func quotient(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}

extension Int {
    /// Decimal digits with zeros in front.
    func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
