import RedisClient

/// What Redis counts by, in one step and by its own clock.
enum RateLimitScript {
    /// ``GCRA`` in Lua.
    ///
    /// `KEYS`: the count. `ARGV`: cost, drain, capacity. Answers with the debt, made negative when the request is refused:
    /// then it cannot be 0, for the capacity is at least the cost. A count lives until its debt is drained, which is when
    /// it says as much as none. One that cannot be read says nothing either, and is written anew.
    static let take = RedisScript(
        source: """
            local cost, drain, capacity = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            local debt = 0
            local owed, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
            if owed then
              local left = tonumber(owed) - math.max(now - tonumber(at), 0) * drain
              debt = math.max(math.min(left, capacity), 0)
            end
            if debt + cost > capacity then return -debt end
            debt = debt + cost
            redis.call('SET', KEYS[1], string.format('%.0f %.0f', debt, now),
              'PX', string.format('%.0f', math.ceil(debt / drain)))
            return debt
            """)
}
