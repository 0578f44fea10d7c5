-- A flight ends; its answer is kept if there is one and it was not forgotten meanwhile.
-- KEYS: entry, flight, gone. ARGV: who leaves, the value or '', fresh for ms, kept for ms.
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
if ARGV[2] == '' or redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'fresh', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
