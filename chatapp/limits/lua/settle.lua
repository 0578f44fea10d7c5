-- Free an answer's place, and give its charge back or take over what the database has counted.
--
-- KEYS: the person's counts, places of running answers and, to forget it, the question as sent.
-- ARGV: the answer; the pace to give back, 0: it counts; then, if it counts, the beginning,
--   questions and tokens of the day and of the month. They only grow, so the order is no matter.
local counts, places = KEYS[1], KEYS[2]
local place = place_of(places, ARGV[1])
if place then
  redis.call('ZREM', places, place)
  local tat = redis.call('HGET', counts, 'tat')
  if tat and tonumber(ARGV[2]) > 0 then
    redis.call('HSET', counts, 'tat', string.format('%.3f', tonumber(tat) - tonumber(ARGV[2])))
  end
end
if KEYS[3] then
  redis.call('DEL', KEYS[3])
end
for i, name in ipairs(#ARGV > 2 and { 'day', 'month' } or {}) do
  local begins = tonumber(ARGV[3 * i])
  local stored = tonumber(redis.call('HGET', counts, name) or 0)
  if begins >= stored then
    for n, what in ipairs({ '_questions', '_tokens' }) do
      local count = tonumber(ARGV[3 * i + n])
      local before = begins == stored and tonumber(redis.call('HGET', counts, name .. what) or 0)
      redis.call('HSET', counts, name .. what, int(math.max(count, before or 0)))
    end
    redis.call('HSET', counts, name, int(begins))
  end
  redis.call('PEXPIRE', counts, KEEP)
end
return place and 1 or 0
