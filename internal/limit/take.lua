-- Decides about one call in all windows of a key, and counts it if it is allowed and to be counted.
--
-- KEYS[1]   the key
-- ARGV[1]   the time in microseconds since 1970, 0 for this server's clock
-- ARGV[2]   buckets in a window
-- ARGV[3]   1 to count the call, 0 to only look
-- ARGV[4]   a version that nobody has seen, for a caller who has none
-- ARGV[5]   0, or for how many milliseconds the version is unsettled because the call replaces it
-- ARGV[6]   for how many milliseconds a version is unsettled that a caller gets because there was none
-- then, for each window: its limit, and the width of a bucket in microseconds
--
-- The value begins with the caller's version (6 bytes) and when it is settled, in milliseconds (6). Then it holds
-- for each window
--   the newest bucket (5 bytes) | calls (3) | length of the cells (2) | cells
-- and a cell, oldest first, is the low byte of its bucket's number and a count
-- up to 255; a bucket with more calls has several. See series.go for the rules.
--
-- Answers 1 or 0, the microseconds to wait when it is 0, the version (0 when the call is not counted), 1 if that is
-- settled, and for each window the calls counted and the microseconds until the oldest stops counting.

local now, buckets = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end

local old = redis.call('GET', KEYS[1]) or ''
local at, wait, windows = 13, 0, {}
for a = 7, #ARGV, 2 do
  local limit, width = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local bucket = math.floor(now / width)
  local newest, calls, cells = 0, 0, ''
  if at <= #old then
    newest, calls, cells, at = struct.unpack('>I5I3I2', old, at)
    cells, at = string.sub(old, at, at + cells - 1), at + cells
    if newest > bucket + buckets then newest, calls, cells = 0, 0, '' end
  end
  if newest > bucket then bucket = newest end

  -- Forget what is too old. With no cell left, the value ends here.
  local first, oldest = 1, nil
  while first < #cells do
    local low, n = string.byte(cells, first, first + 1)
    oldest = newest - (newest - low) % 256
    if oldest >= bucket - buckets then break end
    first, calls, oldest = first + 2, calls - n, nil
  end

  if calls >= limit then
    local excess, cell, leaving = calls - limit + 1, first, 0
    while excess > 0 do
      local low, n = string.byte(cells, cell, cell + 1)
      leaving = newest - (newest - low) % 256
      excess, cell = excess - n, cell + 2
    end
    wait = math.max(wait, (leaving + buckets + 1) * width - now)
  end
  windows[#windows + 1] = { bucket, calls, string.sub(cells, first), width, oldest }
end

local answer = { wait == 0 and 1 or 0, wait, 0, 0 }
if wait > 0 or ARGV[3] == '0' then
  for _, w in ipairs(windows) do
    answer[#answer + 1] = w[2]
    answer[#answer + 1] = w[5] and (w[5] + buckets + 1) * w[4] - now or 0
  end
  return answer
end

-- A version that was lost with its key may have been replaced a moment before that.
local millis, version, settled = math.floor(now / 1000), 0, 0
if #old >= 12 then version, settled = struct.unpack('>I6I6', old) end
if version == 0 then version, settled = tonumber(ARGV[4]), millis + tonumber(ARGV[6]) end
if ARGV[5] ~= '0' then version, settled = tonumber(ARGV[4]), millis + tonumber(ARGV[5]) end
answer[3], answer[4] = version, settled <= millis and 1 or 0

local value, life = {}, (settled - millis) * 1000
for i, w in ipairs(windows) do
  local bucket, calls, cells, width = w[1], w[2] + 1, w[3], w[4]
  local low, n = string.byte(cells, -2, -1)
  if low == bucket % 256 and n < 255 then
    cells = string.sub(cells, 1, -2) .. string.char(n + 1)
  else
    cells = cells .. string.char(bucket % 256, 1)
  end
  value[i] = struct.pack('>I5I3I2', bucket, calls, #cells) .. cells
  life = math.max(life, (bucket + buckets + 1) * width - now)
  answer[#answer + 1] = calls
  answer[#answer + 1] = ((w[5] or bucket) + buckets + 1) * width - now
end
redis.call('SET', KEYS[1], struct.pack('>I6I6', version, settled) .. table.concat(value), 'PX', math.ceil(life / 1000))
return answer
