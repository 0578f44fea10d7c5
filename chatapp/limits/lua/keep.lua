-- Keep the place of an answer that goes on; in a Redis that has forgotten it, take it again.
--
-- KEYS: the places of a person's running answers.
-- ARGV: the length of a lease, the answer, when it was asked, the tokens it may use.
local place = place_of(KEYS[1], ARGV[2]) or table.concat({ ARGV[2], ARGV[3], ARGV[4] }, ':')
redis.call('ZADD', KEYS[1], int(now + tonumber(ARGV[1])), place)
redis.call('PEXPIRE', KEYS[1], KEEP)
return 1
