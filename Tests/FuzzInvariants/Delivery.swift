import HTTP1

/// The ways in which the same bytes may arrive; how they do must not matter.
struct Delivery {
    /// Where each piece ends.
    let ends: [Int]

    /// Byte by byte, and in pieces whose sizes follow from the bytes, so that a finding is found again.
    static func inPieces(_ bytes: [UInt8]) -> [Delivery] {
        guard bytes.count > 1 else { return [] }
        var choices = InputChoices(bytes)
        return [Delivery(ends: Array(1...bytes.count)), Delivery(ends: choices.cuts(bytes.count))]
    }
}

/// Choices that follow from the input.
struct InputChoices {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ bytes: [UInt8]) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    }

    /// A number below a bound that is above zero.
    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    /// Where pieces end, the last at `count`.
    mutating func cuts(_ count: Int) -> [Int] {
        var ends: [Int] = []
        var end = 0
        while end < count {
            end = min(count, end + 1 + below(below(3) == 0 ? 200 : 12))
            ends.append(end)
        }
        return ends
    }
}

/// Lends bytes to a parser so that reading beside them is a crash or seen by a sanitizer.
struct Lender {
    /// The input itself, while all of it is lent at once: a sanitizer knows both of its ends.
    private let input: UnsafeRawBufferPointer
    private let memory: GuardedBytes

    /// - Returns: `nil` when the system gives no memory.
    init?(_ input: UnsafeRawBufferPointer) {
        guard let memory = GuardedBytes(capacity: max(input.count, 1)) else { return nil }
        self.input = input
        self.memory = memory
    }

    /// Lends bytes that were received, and nothing beside them.
    func lend<Result, Failure: Error>(
        _ bytes: ArraySlice<UInt8>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let isWhole = bytes.count == input.count && bytes.startIndex == 0
        func run(_ pointer: UnsafeRawBufferPointer) -> Swift.Result<Result, Failure> {
            do throws(Failure) { return .success(try body(pointer)) } catch { return .failure(error) }
        }
        return try (isWhole ? run(input) : memory.withBytes(bytes, run)).get()
    }
}

extension FuzzTarget {
    /// Bytes as they stand in Swift source, for messages.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription
    }
}
