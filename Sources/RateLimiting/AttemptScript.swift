import RedisClient

/// What Redis counts attempts by, in one step and by its own clock.
enum AttemptScript {
    /// Several ``GCRA`` on one key, which all allow or count nothing.
    ///
    /// `KEYS`: the counts, kept as the instant and a debt for each limit. `ARGV`: 1 to count an attempt, -1 to take one
    /// back; then cost, drain and capacity of each limit. Answers with 0, or with how many milliseconds to wait. What
    /// cannot be read, or was written for other limits in number, says nothing and is written anew.
    static let count = RedisScript(
        source: """
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            local kept = {}
            for number in string.gmatch(redis.call('GET', KEYS[1]) or '', '%d+') do kept[#kept + 1] = tonumber(number) end
            local limits = (#ARGV - 1) / 3
            local known = #kept == limits + 1
            local elapsed = known and math.max(now - kept[1], 0) or 0
            local wait, life, debts = 0, 1, {}
            for limit = 1, limits do
              local cost, drain, capacity =
                tonumber(ARGV[3 * limit - 1]), tonumber(ARGV[3 * limit]), tonumber(ARGV[3 * limit + 1])
              local debt = known and math.max(math.min(kept[limit + 1] - elapsed * drain, capacity), 0) or 0
              debt = math.max(debt + tonumber(ARGV[1]) * cost, 0)
              if debt > capacity then wait = math.max(wait, math.ceil((debt - capacity) / drain)) end
              life = math.max(life, math.ceil(debt / drain))
              debts[limit] = string.format('%.0f', debt)
            end
            if wait > 0 then return wait end
            redis.call('SET', KEYS[1], string.format('%.0f ', now) .. table.concat(debts, ' '),
              'PX', string.format('%.0f', life))
            return 0
            """)
}
