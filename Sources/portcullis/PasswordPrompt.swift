import Foundation

/// Reads a password: from the terminal without showing it, twice when it is a new one, or a line of standard input.
///
/// Never from an argument, where other users of the machine could read it.
enum PasswordPrompt {
    /// - Throws: ``CommandFailure`` when the two do not match or there is nothing to read.
    static func readNew() throws -> [UInt8] {
        guard isatty(STDIN_FILENO) == 1 else { return try readLineOfInput() }
        let first = try readHidden("New password: ")
        guard try readHidden("Again: ") == first else {
            throw CommandFailure(.configuration, "portcullis: the two passwords are not the same; nothing was changed")
        }
        return first
    }

    private static func readHidden(_ prompt: String) throws -> [UInt8] {
        FileHandle.standardError.write(Data(prompt.utf8))
        var original = termios()
        guard tcgetattr(STDIN_FILENO, &original) == 0 else {
            throw CommandFailure(.unavailable, "portcullis: the terminal cannot be told not to show what is typed")
        }
        var hidden = original
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &original)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return try readLineOfInput()
    }

    private static func readLineOfInput() throws -> [UInt8] {
        guard let line = readLine(strippingNewline: true) else {
            throw CommandFailure(.configuration, "portcullis: no password on standard input; nothing was changed")
        }
        return Array(line.utf8)
    }
}
