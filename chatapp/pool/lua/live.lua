-- Keep the leases of answers that go on, and close the breaker at a probe's first words.
--
-- KEYS: for each lease the member's state and leases.
-- ARGV: the length of a lease, then for each lease its id and whether it has proved the member.
local length = tonumber(ARGV[1])
for i = 1, #KEYS / 2 do
  local key, leases = KEYS[2 * i - 1], KEYS[2 * i]
  local lease, proved = ARGV[2 * i], ARGV[2 * i + 1] == '1'
  redis.call('ZADD', leases, 'XX', int(now + length), lease)
  if redis.call('HGET', key, 'probe') == lease then
    if proved then
      redis.call('HMSET', key, 'open', '0', 'streak', '0', 'row', '0', 'recent', '', 'probe', '',
        'slow', int(now))
    else
      redis.call('HSET', key, 'probe_until', int(now + length))
    end
  end
end
return #KEYS / 2
