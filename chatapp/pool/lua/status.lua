-- How each member is.
--
-- KEYS: for each member its state, leases, log, days, first tokens, ends by kind.
-- ARGV: length of a minute, length of a day, then for each member three midnights.
-- Returns the time, then for each member {state, in flight, first tokens, ends of this hour and the
--   last, reset of the minute, reset of the day}; state as names and values, times in milliseconds.
local minute, day = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = { int(now) }
for i = 0, #KEYS / 6 - 1 do
  local key, leases, log, days, firsts, counts = unpack(KEYS, i * 6 + 1, i * 6 + 6)
  local clock = {}
  for n = 1, 3 do
    clock[n] = tonumber(ARGV[2 + i * 3 + n])
  end
  local member = load(key)
  forget_minute(member, log, minute)
  local changed, ends = forget_day(member, days, day, clock)
  redis.call('HMSET', key, 'requests', int(member.requests), 'tokens', int(member.tokens), 'day',
    int(member.day), 'day_part', int(member.day_part))
  keep(key)
  local state = {}
  for _, name in ipairs(FIELDS) do
    state[#state + 1] = name
    state[#state + 1] = TEXTS[name] and member[name] or int(member[name])
  end
  local last = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')
  local minute_ends = last[2] and math.min(tonumber(last[2]), now) + minute or 0
  if ends == 0 and member.day > 0 then
    ends = now + day_wait(days, day)
  end
  local hour, told, kept = math.floor(now / 3600000), redis.call('HGETALL', counts), {}
  for n = 1, #told, 2 do
    if tonumber(string.match(told[n], '^%d+')) >= hour - 1 then
      kept[#kept + 1] = string.match(told[n], '|(.*)$')
      kept[#kept + 1] = told[n + 1]
    else
      redis.call('HDEL', counts, told[n])
    end
  end
  found[#found + 1] = {
    state, redis.call('ZCOUNT', leases, int(now), '+inf'), redis.call('LRANGE', firsts, 0, -1),
    kept, int(minute_ends), int(ends),
  }
end
return found
