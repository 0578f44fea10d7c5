-- What there is for a request: a fresh answer, an answer in flight, or nothing, and then one leads.
-- KEYS: entry, flight. ARGV: who asks, the lease in ms, a leader that is known to be gone or ''.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entry = redis.call('HMGET', KEYS[1], 'value', 'fresh')
if entry[1] and now < tonumber(entry[2]) then
  return {'hit', entry[1]}
end
local leader = redis.call('GET', KEYS[2])
if leader and leader ~= ARGV[3] and leader ~= ARGV[1] then
  return {'join', leader}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'lead', ''}
