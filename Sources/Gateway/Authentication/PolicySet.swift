/// The policies that the routes of one configuration name by index; the first is the bare check of `/auth/verify`.
///
/// A class, so that what was judged by one set is told apart from what was judged by another.
final class PolicySet: Sendable {
    /// The policies.
    let all: [RoutePolicy]

    init(_ policies: [RoutePolicy]) {
        all = policies
    }

    subscript(_ index: Int) -> RoutePolicy { all[index] }
}
