import Foundation

/// SplitMix64: random numbers that a printed seed brings back.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Makes a generator from a seed.
    package init(seed: UInt64) {
        state = seed
    }

    /// A generator whose seed is new each time, or that of `PORTCULLIS_SEED`, and is printed.
    package static func announced(_ purpose: String) -> SeededGenerator {
        let environment = ProcessInfo.processInfo.environment["PORTCULLIS_SEED"].flatMap(UInt64.init)
        let seed = environment ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("seed of \(purpose): PORTCULLIS_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below a bound that is above zero.
    package mutating func below(_ bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &self)
    }

    /// Where pieces of a random size end, the last at `count`.
    package mutating func cuts(_ count: Int) -> [Int] {
        var ends: [Int] = []
        var end = 0
        while end < count {
            end = min(count, end + 1 + below(below(4) == 0 ? 40 : 4))
            ends.append(end)
        }
        return ends.isEmpty ? [0] : ends
    }
}
