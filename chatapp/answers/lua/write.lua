-- Appends events to the log of an answer and tells those who follow at other processes.
-- KEYS: the log. ARGV: its channel, how many connections of the writer's process hear that, the
-- log's life in seconds, how many of the events were tried before, then of each event its id, kind
-- and data, and the event as it is told.
-- Returns the log's length, or why an event was refused.
-- Words are told only where somebody else hears them; who comes later reads the log.
-- What is in the log already was told with it. What there is no room for is told at the first try.
local others = redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] ~= tonumber(ARGV[2])
local first_new = 5 + 4 * tonumber(ARGV[4])
local refused, full
for at = 5, #ARGV, 4 do
  local added = false
  if not full then
    local reply = redis.pcall('XADD', KEYS[1], ARGV[at], 'k', ARGV[at + 1], 'd', ARGV[at + 2])
    added = type(reply) ~= 'table' or not reply.err
    if not added then
      refused = reply
      full = not string.find(tostring(reply.err), 'equal or smaller', 1, true)
    end
  end
  if (added or full and at >= first_new) and (others or ARGV[at + 1] ~= 'text') then
    redis.call('PUBLISH', ARGV[1], ARGV[at + 3])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return refused or redis.call('XLEN', KEYS[1])
