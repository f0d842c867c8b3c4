import COpenSSL

/// Compares in time that depends on the length alone; false for different lengths, whose difference is not hidden.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in constantTimeEqual(left, right) }
    }
}

/// Compares in time that depends on the length alone; false for different lengths, whose difference is not hidden.
package func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return left.isEmpty }
    return CRYPTO_memcmp(leftStart, rightStart, left.count) == 0
}
