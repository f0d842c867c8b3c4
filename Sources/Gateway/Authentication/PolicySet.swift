/// The policies that the routes of one configuration name by index; the first is the bare check of `/auth/verify`.
///
/// A class, so that what was judged by one set is told apart from what was judged by another.
final class PolicySet: Sendable {
    /// The policies.
    let all: [RoutePolicy]

    private let allMet: [RoutePolicy.Standing]

    init(_ policies: [RoutePolicy]) {
        all = policies
        allMet = policies.map { _ in .met }
    }

    /// How a credential fares with each of them.
    ///
    /// - Parameter judge: how it fares with one.
    /// - Returns: in their order; the same memory for all credentials that meet every one, as most do.
    func standings(_ judge: (RoutePolicy) -> RoutePolicy.Standing) -> [RoutePolicy.Standing] {
        if all.allSatisfy({ judge($0) == .met }) { return allMet }
        return all.map(judge)
    }

    subscript(_ index: Int) -> RoutePolicy { all[index] }
}
