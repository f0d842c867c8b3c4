import FuzzInvariants
import Glibc

/// What this process fuzzes.
///
/// The environment says it and not an argument, because libFuzzer starts itself anew with arguments of its own, to make
/// a finding smaller for one.
enum FuzzedTarget {
    static let current = getenv("FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }
}

/// Called by libFuzzer with each input, which is a copy of its own size.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzedTarget.current?.check(UnsafeRawBufferPointer(start: data, count: count))
    return 0
}
