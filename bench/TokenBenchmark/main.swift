// What a request's parts cost that are ours: heads, tokens, the deny-list. Time, allocations, and memory for a token that is
// remembered.
//
//   token-benchmark               prints all figures
//   token-benchmark guard FILE    fails where allocations or memory are above the limits of a file
//   token-benchmark cases         lists what is measured
//   token-benchmark run CASE N    does one thing N times in repeat_counted, for counting instructions, after N other times
import Foundation

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.count) {
case (nil, _):
    try Report.printAll()
case ("guard", 2):
    let limits = try Limits(path: arguments[arguments.startIndex + 1])
    exit(try Report.isWithin(limits) ? 0 : 1)
case ("cases", 1):
    for measured in Case.all { print(measured.name) }
case ("run", 3):
    let (name, count) = (arguments[arguments.startIndex + 1], Int(arguments[arguments.startIndex + 2]) ?? 0)
    guard let measured = Case.all.first(where: { $0.name == name }), count > 0 else { exit(64) }
    Repetition(of: try measured.prepare()).run(count)
default:
    FileHandle.standardError.write(Data("usage: token-benchmark [guard FILE | cases | run CASE N]\n".utf8))
    exit(64)
}
