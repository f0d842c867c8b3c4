import CCounting
import Foundation
import Gateway
import JOSE

/// The measurements.
enum Report {
    static func printAll() throws {
        var hs256 = Double.nan
        for measured in Case.all {
            let operation = try measured.prepare()
            let time = microseconds(operation)
            if measured.name == "verify-HS256" { hs256 = time }
            print(row(measured.name, time), "  \(allocations(operation)) allocations")
        }
        let hmac = microseconds(try Case.hmac.prepare())
        print(row("HMAC alone", hmac))
        print(row("parse, claims", hs256 - hmac), "  the verification less its HMAC")
        for measured in Case.hostile { print(row(measured.name, microseconds(try measured.prepare()))) }
        print("memory for an RS256 token: \(try bytesPerEntry()) bytes")
    }

    /// Checks what needs no other tool: allocations and memory.
    static func isWithin(_ limits: Limits) throws -> Bool {
        guard allocations_count() > 0 else {
            print("allocations are not counted with this C library")
            return false
        }
        let entry = "bytes-per-entry RS256"
        let names = Case.all.flatMap { ["allocations \($0.name)", "instructions \($0.name)"] }
        var isWithin = limits.areAllFor(Set(names + [entry]))
        for measured in Case.all {
            let count = allocations(try measured.prepare())
            isWithin = limits.admits("allocations \(measured.name)", count) && isWithin
        }
        return limits.admits(entry, try bytesPerEntry()) && isWithin
    }

    /// How much more memory is in use for each RS256 token that is remembered.
    private static func bytesPerEntry() throws -> Int {
        let count = 1000
        let tokens = try Tokens(.rs256)
        let texts = try tokens.signed(count)
        let trusted = try tokens.trusted()
        let before = allocations_bytes_in_use()
        let probe = try AuthenticationProbe(issuers: [trusted], cacheEntries: count)
        for text in texts { try text.withUnsafeBytes { try probe.verify($0, nowSeconds: Tokens.nowSeconds) } }
        // The texts, too: they were there before.
        return withExtendedLifetime((probe, texts)) { (Int(allocations_bytes_in_use()) - Int(before)) / count }
    }

    private static func row(_ name: String, _ microseconds: Double) -> String {
        name.padding(toLength: 26, withPad: " ", startingAt: 0) + String(format: "%8.2f µs", microseconds)
    }

    /// The allocations of one operation, after some that fill what is kept; a part of one counts as one.
    private static func allocations(_ operation: @escaping () -> Void) -> Int {
        let count = 10 * Case.variants
        for _ in 0..<count { operation() }
        let before = allocations_count()
        for _ in 0..<count { operation() }
        return (Int(allocations_count() - before) + count - 1) / count
    }

    /// Smallest mean CPU time over the rounds: others on the machine can only make a round slower.
    private static func microseconds(_ operation: @escaping () -> Void) -> Double {
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
