/// Why the credential store cannot answer.
package enum StoreFault: String, Sendable, Hashable, CaseIterable {
    /// There is no database at the path.
    case absent
    /// Another connection held the lock for longer than the busy time-out.
    case busy
    /// The database may be read but not written.
    case readOnly
    /// The disk, or the database's own limit, is reached.
    case full
    /// The file or its directory cannot be opened with this process's rights.
    case cannotOpen
    /// The file's mode gives others access to it.
    case insecureFileMode
    /// The file is something else than an SQLite database.
    case notADatabase
    /// The file is an SQLite database of another program.
    case foreignDatabase
    /// A newer version of this program made the database.
    case newerSchema
    /// The database's content is damaged, or a row in it cannot be understood.
    case damaged
    /// The file at the path is no longer the one that was opened.
    case replaced
    /// The database's server cannot be reached, or does not let this process in.
    case unreachable
    /// The database did not answer in time.
    case timedOut
    /// The operating system failed to read or write.
    case inputOutput
    /// The store was closed.
    case closed
    /// The database gave an error that fits nothing above.
    case other

    /// Whether it may be over by itself, with nothing done about the database or the configuration.
    package var mayPass: Bool {
        switch self {
        case .unreachable, .timedOut, .busy, .readOnly, .full, .inputOutput: true
        default: false
        }
    }
}
