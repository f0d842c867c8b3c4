import CAllocations
import Foundation
import Gateway
import JOSE

/// The measurements.
struct Report {
    private let cases: Cases

    init(_ cases: Cases) {
        self.cases = cases
    }

    func printAll() throws {
        for (name, operation) in cases.all {
            print(row(name, Self.microseconds(operation)), "  \(Self.allocations(operation)) allocations")
        }
        let hmac = Self.microseconds(cases.hmac)
        let cold = cases.operation(named: "verify-HS256").map { Self.microseconds($0) } ?? .nan
        print(row("HMAC alone", hmac))
        print(row("parse, claims", cold - hmac), "  the verification less its HMAC")
        for (name, operation) in cases.hostile {
            print(row("refuse \(name)", Self.microseconds(operation)))
        }
        print("memory for an RS256 token: \(try bytesPerEntry()) bytes")
    }

    /// Checks what is exact: allocations and memory.
    func isWithin(_ limits: Limits) throws -> Bool {
        var isWithin = true
        func check(_ name: String, _ value: Int) {
            guard let limit = limits[name] else { return }
            let isGood = value <= limit
            print("\(isGood ? "ok      " : "EXCEEDED")  \(name): \(value), limit \(limit)")
            isWithin = isWithin && isGood
        }
        for (name, operation) in cases.all { check("allocations \(name)", Self.allocations(operation)) }
        check("bytes-per-entry RS256", try bytesPerEntry())
        return isWithin
    }

    /// How much more memory is in use for each RS256 token that is remembered.
    private func bytesPerEntry() throws -> Int {
        let count = 1000
        let tokens = try Tokens()
        let texts = try (0..<count).map { try tokens.signed(.rs256, number: $0) }
        let trusted = try tokens.trusted()
        let now = Int64(Date.now.timeIntervalSince1970)
        let before = allocations_bytes_in_use()
        let probe = try AuthenticationProbe(issuers: [trusted], cacheEntries: count)
        for text in texts { try text.withUnsafeBytes { try probe.verify($0, nowSeconds: now) } }
        return withExtendedLifetime(probe) { (Int(allocations_bytes_in_use()) - Int(before)) / count }
    }

    private func row(_ name: String, _ microseconds: Double) -> String {
        name.padding(toLength: 26, withPad: " ", startingAt: 0) + String(format: "%8.2f µs", microseconds)
    }

    /// The allocations of one operation, after some that fill what is kept.
    private static func allocations(_ operation: () -> Void) -> Int {
        for _ in 0..<10 { operation() }
        let before = allocations_count()
        for _ in 0..<100 { operation() }
        return Int(allocations_count() - before) / 100
    }

    /// Smallest mean CPU time over the rounds: others on the machine can only make a round slower.
    private static func microseconds(_ operation: () -> Void) -> Double {
        var best = Double.infinity
        for _ in 0..<7 {
            let start = clock()
            var repetitions = 0
            repeat {
                for _ in 0..<16 { operation() }
                repetitions += 16
            } while Double(clock() - start) < 0.05 * Double(CLOCKS_PER_SEC)
            best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e6 / Double(repetitions))
        }
        return best
    }
}

/// Limits from a file: a kind, a case and a number on each line.
struct Limits {
    private var values: [String: Int] = [:]

    init(path: String) throws {
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#")
        {
            let words = line.split(separator: " ")
            guard words.count == 3, let value = Int(words[2]) else { throw CocoaError(.fileReadCorruptFile) }
            values["\(words[0]) \(words[1])"] = value
        }
    }

    subscript(name: String) -> Int? { values[name] }
}
