-- Counts one call of KEYS[1] in sliding windows of 30 buckets: one hash from bucket to calls
-- for all windows under one key. ARGV: pairs of limit and bucket width in µs.
-- Answers 1 or 0, and then the calls counted in each window.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local answer, buckets = { 1 }, {}
local counted = redis.call('HGETALL', KEYS[1])
for a = 1, #ARGV, 2 do
  local limit, width = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local prefix, bucket, calls = a .. ':', math.floor(now / width), 0
  for i = 1, #counted, 2 do
    if string.sub(counted[i], 1, #prefix) == prefix then
      if tonumber(string.sub(counted[i], #prefix + 1)) >= bucket - 30 then
        calls = calls + counted[i + 1]
      else
        redis.call('HDEL', KEYS[1], counted[i])
      end
    end
  end
  if calls >= limit then answer[1] = 0 end
  answer[#answer + 1], buckets[#buckets + 1] = calls + 1, prefix .. bucket
end
if answer[1] == 1 then
  for _, field in ipairs(buckets) do redis.call('HINCRBY', KEYS[1], field, 1) end
  redis.call('PEXPIRE', KEYS[1], 3720000)
end
return answer
