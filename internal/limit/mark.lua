-- Replaces the version of a caller, and leaves what is counted as it is.
--
-- KEYS[1]   the key; take.lua tells what its value holds
-- ARGV[1]   the time in microseconds since 1970, 0 for this server's clock
-- ARGV[2]   a version that nobody has seen
-- ARGV[3]   for how many milliseconds it is unsettled

local millis, hold = math.floor(tonumber(ARGV[1]) / 1000), tonumber(ARGV[3])
if millis == 0 then
  local t = redis.call('TIME')
  millis = t[1] * 1000 + math.floor(t[2] / 1000)
end
local old = redis.call('GET', KEYS[1]) or ''
local life = math.max(redis.call('PTTL', KEYS[1]), hold)
local value = struct.pack('>I6I6', tonumber(ARGV[2]), millis + hold) .. string.sub(old, 13)
redis.call('SET', KEYS[1], value, 'PX', life)
return 1
