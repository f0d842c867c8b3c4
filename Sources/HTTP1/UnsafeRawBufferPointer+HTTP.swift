// Heads are read through borrowed buffer pointers: they are views of a `ByteBuffer` for the length of one call, and
// every offset taken from them is checked against `count` before it is used.

extension UnsafeRawBufferPointer {
    /// Compares with ASCII text, byte for byte.
    @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Compares with lower-case ASCII text, ignoring the case of letters.
    @inline(__always)
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index].lowercasedASCII != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Compares with lower-case ASCII text, ignoring case and taking every byte but a letter or digit for `-`.
    ///
    /// CGI and WSGI make one variable of `A-B` and `A_B`, PHP also of `A.B`, lighttpd of any such spelling: this is how
    /// look-alikes are found.
    @inline(__always)
    package func equalsLoosely(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index].lowercasedASCII
            let expected = text.utf8Start[index]
            if byte == expected { continue }
            guard expected == UInt8(ascii: "-"), !byte.isAlphanumericASCII else { return false }
        }
        return true
    }

    /// The part from `offset` on, `count` bytes long, cut to what is there.
    @inline(__always)
    package func slice(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        let start = Swift.min(Swift.max(offset, 0), self.count)
        let length = Swift.min(Swift.max(count, 0), self.count &- start)
        return UnsafeRawBufferPointer(rebasing: self[start..<(start &+ length)])
    }

    /// The same without spaces and tabs at either end (RFC 9110 section 5.6.3, OWS).
    package var trimmingWhitespace: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start].isWhitespace { start &+= 1 }
        while end > start, self[end &- 1].isWhitespace { end &-= 1 }
        return slice(start, end &- start)
    }

    /// The index of the first occurrence of a byte at or after `start`, or `nil`.
    package func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }
}

extension UInt8 {
    /// The byte with an ASCII upper-case letter made lower-case.
    @inline(__always)
    package var lowercasedASCII: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }

    /// Whether the byte is an ASCII letter or digit.
    @inline(__always)
    package var isAlphanumericASCII: Bool {
        self &- UInt8(ascii: "0") < 10 || (self | 0x20) &- UInt8(ascii: "a") < 26
    }

    /// Whether the byte is a space or a tab.
    @inline(__always)
    package var isWhitespace: Bool {
        self == 0x20 || self == 0x09
    }
}
