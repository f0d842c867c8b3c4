import CHiredis
package import NIOCore

/// Encodes commands by hiredis' formatter.
package enum RedisCommand {
    /// The longest encoded command.
    static let maximumByteCount = 8 * 1024 * 1024

    /// Encodes one command.
    /// - Parameter arguments: The command's name and its arguments, any bytes.
    /// - Returns: The encoded command; empty when there are no arguments or they exceed 8 MiB in all, which
    ///   `RedisConnection.send` refuses with `invalidCommand`.
    package static func encode(_ arguments: [[UInt8]]) -> ByteBuffer {
        // 32 bytes are more than the framing of one argument.
        let byteCount = arguments.reduce(0) { $0 + $1.count + 32 }
        guard !arguments.isEmpty, byteCount <= maximumByteCount else { return ByteBuffer() }
        // One flat copy, since the formatter wants pointers to all arguments at the same time.
        let flat = arguments.flatMap { $0 }
        let lengths = arguments.map(\.count)
        return flat.withUnsafeBytes { bytes in
            var pointers: [UnsafePointer<CChar>?] = []
            pointers.reserveCapacity(lengths.count)
            var offset = 0
            for length in lengths {
                pointers.append(bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
                offset += length
            }
            return format(&pointers, lengths: lengths)
        }
    }

    /// Encodes one command whose arguments are text.
    package static func encode(_ arguments: [String]) -> ByteBuffer {
        encode(arguments.map { Array($0.utf8) })
    }

    /// Encodes one command whose arguments are text.
    package static func encode(_ arguments: String...) -> ByteBuffer {
        encode(arguments)
    }

    /// The arguments of a command that was encoded here; none for anything else.
    static func arguments(of command: ByteBuffer) -> [[UInt8]] {
        var rest = command
        func number(after mark: Character) -> Int? {
            guard let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
                let line = rest.readString(length: end - rest.readerIndex + 1), line.first == mark
            else { return nil }
            return Int(line.dropFirst().prefix { $0.isASCII && $0.isNumber })
        }
        guard let count = number(after: "*"), count <= rest.readableBytes else { return [] }
        var arguments: [[UInt8]] = []
        for _ in 0..<count {
            guard let length = number(after: "$"), let argument = rest.readBytes(length: length),
                rest.readSlice(length: 2) != nil
            else { return [] }
            arguments.append(argument)
        }
        return arguments
    }

    private static func format(_ pointers: inout [UnsafePointer<CChar>?], lengths: [Int]) -> ByteBuffer {
        var target: UnsafeMutablePointer<CChar>?
        let byteCount = portcullis_redis_format(&target, Int32(pointers.count), &pointers, lengths)
        guard byteCount > 0, let target else { return ByteBuffer() }
        defer { redisFreeCommand(target) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: target, count: Int(byteCount)))
    }
}
