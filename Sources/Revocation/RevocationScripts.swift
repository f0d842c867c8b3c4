import RedisClient

/// The Lua that writes revocations.
///
/// Needs Redis 6.2 or later, for trimming by `MINID`.
package enum RevocationScripts {
    /// How far the newest issue instant may lie after the clock and still be covered by a cut-off: the clocks of nodes
    /// are never further apart than the longest leeway.
    package static let maximumClockSkewMilliseconds: Int64 = 300_000

    /// Functions shared by every script that revokes or issues.
    ///
    /// Numbers go out by `text`: Lua's own way turns an instant into `1.7e+12`.
    package static let prelude = """
        local function text(number) return string.format('%.0f', number) end

        local function decimal(value)
          if value and #value <= \(StrictDecimal.maximumDigits)
            and (value == '0' or string.match(value, '^[1-9]%d*$')) then return tonumber(value) end
          return nil
        end

        -- -1 without one. Anything but a strict decimal stops the script: a guess could let a token live.
        local function cutoff(key)
          local value = redis.call('GET', key)
          if not value then return -1 end
          return decimal(value) or error('CORRUPT cut-off')
        end

        local function newest(key, now)
          return math.min(decimal(redis.call('GET', key)) or 0, now + \(maximumClockSkewMilliseconds))
        end

        -- The issue instant of a token: after every cut-off that would refuse it, and remembered.
        local function issue(key, now, horizon, cutoffs)
          local instant = now
          for _, value in ipairs(cutoffs) do instant = math.max(instant, value + 1) end
          local known = decimal(redis.call('GET', key)) or 0
          redis.call('SET', key, text(math.max(known, instant)), 'PX', text(math.max(1, horizon)))
          return instant
        end

        -- Never for a shorter time than it would have stayed.
        local function keep(key, value, life)
          local left = redis.call('PTTL', key)
          if left == -1 then redis.call('SET', key, value)
          else redis.call('SET', key, value, 'PX', text(math.max(left, life, 1))) end
        end

        local function record(log, kind, id, value, life, reason)
          redis.call('SET', log.epoch, log.seed, 'NX')
          local oldest = math.max(0, tonumber(redis.call('TIME')[1]) * 1000 - log.horizon)
          local entry = {'XADD', log.stream, 'MINID', '~', text(oldest), '*', 'kind', kind, 'id', id,
            'until', text(log.now + life), 'reason', reason}
          if value then table.insert(entry, 'cutoff') table.insert(entry, text(value)) end
          redis.call(unpack(entry))
        end

        local function mark(log, key, kind, id, life, reason)
          keep(key, '1', life)
          record(log, kind, id, nil, life, reason)
        end

        -- Never lowered. One meant for "now" also covers the newest token issued, whatever clock issued it.
        local function cut(log, key, kind, id, wanted, life, reason)
          local value = wanted
          if wanted >= log.now then value = math.max(wanted, log.newest) end
          life = life + math.max(0, value - log.now)
          value = math.max(value, decimal(redis.call('GET', key)) or -1)
          keep(key, text(value), life)
          record(log, kind, id, value, life, reason)
          return value
        end

        -- The cut-off sessions are held to outlives the one for access tokens.
        local function cut_sessions(key, value, life)
          keep(key, text(math.max(value, decimal(redis.call('GET', key)) or -1)), life)
        end

        """

    /// Writes a batch.
    ///
    /// `KEYS`: stream, epoch, newest issue instant, then for each revocation its key and its session cut-off's key.
    /// `ARGV`: now, horizon, seed of the epoch, then for each: kind, id, cut-off or empty, life, life of the session
    /// cut-off or 0, reason.
    static let write = RedisScript(
        source: prelude + """
            local now = tonumber(ARGV[1])
            local log = {stream = KEYS[1], epoch = KEYS[2], now = now, newest = newest(KEYS[3], now),
              horizon = tonumber(ARGV[2]), seed = ARGV[3]}
            local lead = math.max(0, log.newest - now)
            for index = 0, (#KEYS - 3) / 2 - 1 do
              local key, sessions = KEYS[4 + 2 * index], KEYS[5 + 2 * index]
              local at = 4 + 6 * index
              local kind, id, wanted = ARGV[at], ARGV[at + 1], decimal(ARGV[at + 2])
              local life, session_life, reason = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), ARGV[at + 5]
              local value = math.max(now, log.newest)
              if wanted then value = cut(log, key, kind, id, wanted, life, reason)
              elseif kind == 'sid' then mark(log, key, kind, id, life + lead, reason)
              else mark(log, key, kind, id, life, reason) end
              if session_life > 0 then cut_sessions(sessions, value, session_life) end
            end
            return #KEYS
            """
    )
}
