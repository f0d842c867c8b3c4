import Testing

@testable import HTTP1

@Suite("LineScanner")
struct LineScannerTests {
    /// The same, one byte at a time and without memory.
    private func model(_ bytes: [UInt8]) -> LineScanner.Outcome {
        for (index, byte) in bytes.enumerated() where byte < 0x20 && byte != 0x09 || byte == 0x7f {
            guard byte == 0x0d else { return .invalid }
            guard index + 1 < bytes.count else { return .needMore }
            return bytes[index + 1] == 0x0a ? .line(end: index) : .invalid
        }
        return .needMore
    }

    private func scan(_ bytes: [UInt8], ends: [Int]) -> LineScanner.Outcome {
        var scanner = LineScanner()
        var outcome = LineScanner.Outcome.needMore
        for end in ends where outcome == .needMore {
            outcome = bytes.withUnsafeBytes { scanner.next(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        }
        return outcome
    }

    @Test("every byte value at every position of a word, its neighbours low and high, whole and byte by byte")
    func everyByteEverywhere() {
        for filler in [UInt8(0x20), 0x7e, 0x80, 0xff, 0x09] {
            for position in 0...16 {
                for value in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: filler, count: 17)
                    bytes[position] = value
                    bytes += [0x0d, 0x0a]
                    let expected = model(bytes)
                    guard scan(bytes, ends: [bytes.count]) == expected,
                        scan(bytes, ends: Array(1...bytes.count)) == expected
                    else {
                        Issue.record("\(value) at \(position) among \(filler)")
                        return
                    }
                }
            }
        }
    }

    @Test("every pair of neighbours: a borrow from one byte does not hide or invent another")
    func everyPair() {
        for low in UInt8.min...UInt8.max {
            for high in UInt8.min...UInt8.max {
                let bytes: [UInt8] = [0x61, 0x61, low, high, 0x61, 0x61, 0x61, 0x61]
                guard scan(bytes, ends: [8]) == model(bytes) else {
                    Issue.record("\(low), \(high)")
                    return
                }
            }
        }
    }

    @Test("lines of every length up to three words, one after another")
    func lengths() {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for length in 0...24 {
            bytes += [UInt8](repeating: 0x61, count: length)
            ends.append(bytes.count)
            bytes += [0x0d, 0x0a]
        }
        var scanner = LineScanner()
        var found: [Int] = []
        bytes.withUnsafeBytes { pointer in
            while case .line(let end) = scanner.next(pointer) {
                found.append(end)
                #expect(scanner.pendingCount >= 0 && scanner.lineStart <= end)
                scanner.advance(past: end)
            }
        }
        #expect(found == ends && scanner.lineStart == bytes.count && scanner.pendingCount == 0)
    }

    @Test("the bytes of an unfinished line are counted, its CR not")
    func pendingCount() {
        var scanner = LineScanner()
        for (text, count) in [("", 0), ("abc", 3), ("abcdefghij", 10), ("abcdefghij\r", 10)] {
            #expect(Array(text.utf8).withUnsafeBytes { scanner.next($0) } == .needMore)
            #expect(scanner.pendingCount == count)
        }
    }
}
