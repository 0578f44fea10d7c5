-- Appends events to the log of an answer and tells those who follow at other processes.
-- KEYS: the log. ARGV: its channel, how many connections of the writer's process hear that, the
-- log's life in seconds, then of each event its id, kind and data, and the event as it is told.
-- Returns the log's length, or why an event was refused.
-- Words are told only where somebody else hears them; who comes later reads the log.
local others = redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] ~= tonumber(ARGV[2])
local refused
for at = 4, #ARGV, 4 do
  local reply = redis.pcall('XADD', KEYS[1], ARGV[at], 'k', ARGV[at + 1], 'd', ARGV[at + 2])
  if type(reply) == 'table' and reply.err then
    refused = reply
  end
  if others or ARGV[at + 1] ~= 'text' then
    redis.call('PUBLISH', ARGV[1], ARGV[at + 3])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return refused or redis.call('XLEN', KEYS[1])
