import COpenSSL

/// Conversion between JOSE's r || s (RFC 7518 section 3.4) and the DER that OpenSSL takes and gives.
enum ECDSASignature {
    /// DER of the widest signature: a sequence of two integers of 66 bytes, each with a sign byte to spare.
    static let maximumDERByteCount = 3 + 2 * (2 + 67)

    /// Writes the DER form and returns its length.
    ///
    /// - Parameters:
    ///   - raw: r || s, each `order.count` bytes.
    ///   - order: the order of the curve, n, as wide as a coordinate.
    ///   - output: at least `maximumDERByteCount` bytes.
    /// - Returns: nil when the length is wrong or r or s is not in 1..<n.
    static func encode(
        _ raw: UnsafeRawBufferPointer,
        order: [UInt8],
        into output: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        guard raw.count == 2 * order.count, order.count <= 66 else { return nil }
        let first = UnsafeRawBufferPointer(rebasing: raw[..<order.count])
        let second = UnsafeRawBufferPointer(rebasing: raw[order.count...])
        // Zero has no first byte to find.
        guard first.lexicographicallyPrecedes(order), second.lexicographicallyPrecedes(order),
            let firstStart = first.firstIndex(where: { $0 != 0 }),
            let secondStart = second.firstIndex(where: { $0 != 0 })
        else { return nil }
        let firstByteCount = integerByteCount(first, from: firstStart)
        let secondByteCount = integerByteCount(second, from: secondStart)
        let contentByteCount = 4 + firstByteCount + secondByteCount

        var position = 0
        output[position] = 0x30
        position += 1
        if contentByteCount > 0x7f {
            output[position] = 0x81
            position += 1
        }
        output[position] = UInt8(truncatingIfNeeded: contentByteCount)
        position += 1
        position = append(first, from: firstStart, byteCount: firstByteCount, to: output, at: position)
        return append(second, from: secondStart, byteCount: secondByteCount, to: output, at: position)
    }

    /// Returns r || s of OpenSSL's DER; nil when it is not a signature of this width.
    static func decode(der: [UInt8], coordinateByteCount: Int) -> [UInt8]? {
        der.withUnsafeBufferPointer { der in
            var next = der.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &next, der.count) else { return nil }
            defer { ECDSA_SIG_free(signature) }
            var raw = [UInt8](repeating: 0, count: 2 * coordinateByteCount)
            let width = Int32(coordinateByteCount)
            let isComplete = raw.withUnsafeMutableBufferPointer { raw in
                BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw.baseAddress, width) == width
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw.baseAddress?.advanced(by: Int(width)), width)
                        == width
            }
            return isComplete ? raw : nil
        }
    }

    /// Length of the DER integer's content, with a zero byte before a set top bit.
    private static func integerByteCount(_ number: UnsafeRawBufferPointer, from start: Int) -> Int {
        number.count - start + (number[start] >= 0x80 ? 1 : 0)
    }

    private static func append(
        _ number: UnsafeRawBufferPointer,
        from start: Int,
        byteCount: Int,
        to output: UnsafeMutablePointer<UInt8>,
        at position: Int
    ) -> Int {
        output[position] = 0x02
        output[position + 1] = UInt8(truncatingIfNeeded: byteCount)
        output[position + 2] = 0
        let end = position + 2 + byteCount
        let magnitude = UnsafeRawBufferPointer(rebasing: number[start...])
        UnsafeMutableRawBufferPointer(start: output + (end - magnitude.count), count: magnitude.count)
            .copyMemory(from: magnitude)
        return end
    }
}
