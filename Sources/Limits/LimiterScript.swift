import Platforms
import Redis

/// The limiter inside Redis: one call reads, teaches and takes, for all buckets of a request.
enum LimiterScript {
    /// Arguments for each bucket, in the order the script reads them.
    static func arguments(_ turn: BucketTurn) -> [RedisArgument] {
        func optional(_ number: Double?) -> RedisArgument { number.map { RedisArgument($0) } ?? "" }
        return [
            RedisArgument(turn.declared.capacity), RedisArgument(turn.declared.refillPerSecond),
            RedisArgument(turn.declared.share), RedisArgument(turn.take), RedisArgument(turn.charge),
            RedisArgument(turn.lesson.refund), optional(turn.lesson.available), optional(turn.lesson.capacity),
            optional(turn.lesson.refillPerSecond), RedisArgument(turn.lesson.blockMicroseconds),
        ]
    }

    /// Answers `{wait in microseconds, index of the bucket short the longest}`, `{0, 0}` when granted.
    ///
    /// A bucket is a hash: `level` at the time `at`; `capacity` and `rate` where the platform taught
    /// them; `blocked_until` and `blocked_for` while blocked. A missing bucket is empty and is written
    /// at once, so that it begins to refill. A bucket expires a day after it would be full and
    /// unblocked, so what expires is never a debt or a block. Times are microseconds; numbers are
    /// written with all their digits, because Lua's own conversion keeps 14.
    static let script = RedisScript(
        """
        local now = tonumber(ARGV[1])
        if not now then
          local time = redis.call('TIME')
          now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        end
        local day, month, hour = 86400, 30 * 86400, 3600000000
        local states, longest, slowest = {}, 0, 0

        for i, key in ipairs(KEYS) do
          local a = 1 + (i - 1) * 10
          local declared_capacity, declared_rate = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
          local share, take, charge = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
          local refund, available = tonumber(ARGV[a + 6]), tonumber(ARGV[a + 7])
          local taught_capacity, taught_rate = tonumber(ARGV[a + 8]), tonumber(ARGV[a + 9])
          local block = tonumber(ARGV[a + 10])
          local stored = redis.call(
            'HMGET', key, 'level', 'at', 'capacity', 'rate', 'blocked_until', 'blocked_for')
          local is_new = not stored[1]
          local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
          local capacity, rate = tonumber(stored[3] or nil), tonumber(stored[4] or nil)

          local full = (capacity or declared_capacity) * share
          local speed = (rate or declared_rate) * share
          level = math.min(full, level + math.max(0, now - at) * speed / 1000000)
          if not is_new then level = math.min(full, level + refund) end
          level = level - charge

          capacity, rate = taught_capacity or capacity, taught_rate or rate
          full = (capacity or declared_capacity) * share
          speed = (rate or declared_rate) * share
          level = math.min(level, full)
          if available then
            level = math.min(level, math.max(0, available - (1 - share) * (capacity or declared_capacity)))
          end

          local blocked = math.min(math.max(0, tonumber(stored[5] or 0) - now), tonumber(stored[6] or 0))
          if block > 0 then
            level = math.min(level, 0)
            blocked = math.max(blocked, block)
          end

          local wait = 0
          if take > 0 then
            local short = math.min(take, full) - level
            if short > 1e-9 then
              wait = speed > 0 and math.ceil(math.min(short / speed * 1000000, hour)) or hour
            end
            wait = math.max(wait, blocked)
          end
          if wait > longest then longest, slowest = wait, i end
          states[i] = {
            level = level, take = take, capacity = capacity, rate = rate, full = full, speed = speed,
            blocked = blocked, was_blocked = stored[5], blocked_for = block >= blocked and block or stored[6],
            changed = is_new or now < at or charge > 0 or refund > 0 or block > 0
              or available or taught_capacity or taught_rate
          }
        end

        for i, key in ipairs(KEYS) do
          local state = states[i]
          if longest == 0 and state.take > 0 then
            state.level = state.level - state.take
            state.changed = true
          end
          if state.changed then
            local fields = {'level', string.format('%.17g', state.level), 'at', string.format('%.0f', now)}
            local function add(name, format, value)
              if value then
                fields[#fields + 1] = name
                fields[#fields + 1] = string.format(format, value)
              end
            end
            add('capacity', '%.17g', state.capacity)
            add('rate', '%.17g', state.rate)
            if state.blocked > 0 then
              add('blocked_until', '%.0f', now + state.blocked)
              add('blocked_for', '%.0f', tonumber(state.blocked_for))
            elseif state.was_blocked then
              redis.call('HDEL', key, 'blocked_until', 'blocked_for')
            end
            redis.call('HSET', key, unpack(fields))
            local to_full = state.speed > 0 and math.max(0, state.full - state.level) / state.speed or month
            local idle = math.max(to_full, state.blocked / 1000000) + day
            redis.call('PEXPIRE', key, string.format('%.0f', math.min(idle, 12 * month) * 1000))
          end
        end
        return {longest, slowest}
        """)
}
