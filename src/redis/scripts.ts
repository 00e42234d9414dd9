// What runs inside Redis, each script as one step that nothing comes between.

import { type Script, scriptOf } from './redis-client.js'

/*
 * KEYS[1]: a stream, one entry `<number>-<term>` a record; its fields are, in this order, the record's text, when it
 * came, and who sent it.
 * KEYS[2]: a hash with the channel's
 *   epoch   a life of these keys
 *   term    how many runs of the server have added to it, less one
 *   run     the run of the server that added last
 *   ends    "<term>=<number>,...": the last number of each earlier term, as far as the history reaches
 *   number  of the newest record
 *   bytes   of the texts in the stream
 *   age     the most milliseconds that a record may be kept; 0 for ever
 * KEYS[3] (append): "<counter> <number>" of the last record that came from this sender.
 */

/** Reads the state; begins a new epoch where some of it is lost, be it flushed, expired or evicted. */
const STATE = `
local call, stream, meta = redis.call, KEYS[1], KEYS[2]
local idle, fresh = ARGV[1], ARGV[2]
local state = call('HMGET', meta, 'epoch', 'term', 'run', 'ends', 'number', 'bytes', 'age')
local epoch, term, run, ends = state[1], tonumber(state[2]), state[3], state[4]
local number, bytes, age = tonumber(state[5]), tonumber(state[6]), tonumber(state[7])
local count = call('XLEN', stream)
if not epoch or (count == 0 and number > 0 and call('EXISTS', stream) == 0) then
  call('DEL', stream, meta)
  epoch, term, run, ends, number, bytes, age, count = fresh, 0, '', '', 0, 0, 0, 0
  call('HSET', meta, 'epoch', epoch, 'term', 0, 'run', '', 'ends', '', 'number', 0, 'bytes', 0, 'age', 0)
end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function evict(maxEvents, maxBytes)
  local from, before = '-', count
  while count > 0 and (count > maxEvents or bytes > maxBytes or age > 0) do
    local oldest = call('XRANGE', stream, from, '+', 'COUNT', 1)[1]
    local fields = oldest[2]
    if count <= maxEvents and bytes <= maxBytes and now - fields[4] <= age then break end
    from, bytes, count = '(' .. oldest[1], bytes - #fields[2], count - 1
  end
  if count < before then call('XTRIM', stream, 'MAXLEN', count) end
end

local function idOf(at)
  for past, last in ends:gmatch('(%d+)=(%d+)') do
    if at <= tonumber(last) then return ('%s.%s-%.0f'):format(epoch, past, at) end
  end
  return ('%s.%d-%.0f'):format(epoch, term, at)
end

local function keep()
  call('PEXPIRE', stream, idle)
  call('PEXPIRE', meta, idle)
end
`

/**
 * Appends a record, once, and tells all nodes: in the order in which they are appended.
 *
 * The server may have lost its newest records in a crash, or in a failover to one that had not got them yet. No script can see
 * that; but it can see that it runs on another server process than the last one did, and begins a term.
 *
 * A client that reconnects sends again what it had sent, but not in every case in order: some of it fails, and some that came
 * later was waiting in the client. So each event says which one is under way ahead of it, and is refused if that has not come.
 *
 * ARGV: idle, fresh epoch, text, topic, sender, maxEvents, maxBytes, age, counter, the counter of the one ahead or 0.
 */
const APPEND = `${STATE}
local text, topic, by, counter = ARGV[3], ARGV[4], ARGV[5] .. ' ' .. ARGV[9], tonumber(ARGV[9])
local last, at = (call('GET', KEYS[3]) or ''):match('^(%d+) (%d+)$')
if last and counter <= tonumber(last) then
  local to = ('%.0f'):format(at - (last - counter))
  while true do
    local entries = call('XREVRANGE', stream, to, '-', 'COUNT', 64)
    for _, entry in ipairs(entries) do
      if entry[2][6] == by then
        return idOf(tonumber(entry[1]:match('^%d+')))
      end
      to = '(' .. entry[1]
    end
    if #entries < 64 then
      return redis.error_reply('SENTBEFORE the event was appended before, and is not kept any more')
    end
  end
end
if tonumber(ARGV[10]) > tonumber(last or 0) then
  -- Where nothing may be written, that is the answer, and not to come again later.
  call('HSET', meta, 'number', ('%.0f'):format(number))
  return redis.error_reply('EARLY the event ahead has not come')
end

local info = redis.pcall('INFO', 'server')
local current = type(info) == 'string' and info:match('run_id:(%w+)') or ''
if current ~= run then
  if number > 0 then
    local reached = {}
    for past, last in ends:gmatch('(%d+)=(%d+)') do
      if tonumber(last) >= number - count then reached[#reached + 1] = past .. '=' .. last end
    end
    reached[#reached + 1] = ('%d=%.0f'):format(term, number)
    ends, term = table.concat(reached, ','), term + 1
  end
  call('HSET', meta, 'run', current, 'term', term, 'ends', ends)
end

number, bytes, count, age = number + 1, bytes + #text, count + 1, tonumber(ARGV[8])
call('XADD', stream, ('%.0f-%d'):format(number, term),
  'text', text, 'at', ('%.0f'):format(now), 'by', by)
evict(tonumber(ARGV[6]), tonumber(ARGV[7]))
call('HSET', meta, 'number', ('%.0f'):format(number), 'bytes', ('%.0f'):format(bytes), 'age', ARGV[8])
call('SET', KEYS[3], ('%s %.0f'):format(ARGV[9], number), 'PX', idle)
keep()
local id = idOf(number)
call('PUBLISH', topic, id .. ' ' .. text)
return id
`

/**
 * Gives the records after a position.
 *
 * ARGV: idle, fresh epoch, id, its number ('' for none), maxRecords, maxBytes.
 * Returns whether nothing is missing, the position that the records follow on, that of the newest record, and the
 * id and the text of each.
 */
const READ = `${STATE}
local asked, maxRecords, maxBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if age > 0 then
  evict(math.huge, math.huge)
  call('HSET', meta, 'bytes', ('%.0f'):format(bytes))
end
keep()
local from = number - count
local complete = asked and asked >= from and asked <= number and idOf(asked) == ARGV[3]
if complete then from = asked end
local page = { complete and '1' or '0', idOf(from), idOf(number) }
local size, start = 0, ('%.0f'):format(from + 1)
while maxRecords > 0 and size < maxBytes do
  local entries = call('XRANGE', stream, start, '+', 'COUNT', math.min(maxRecords, 16))
  for _, entry in ipairs(entries) do
    if size >= maxBytes then break end
    local at, past = entry[1]:match('^(%d+)-(%d+)$')
    page[#page + 1] = epoch .. '.' .. past .. '-' .. at
    page[#page + 1] = entry[2][2]
    size, start = size + #entry[2][2], '(' .. entry[1]
  end
  if #entries < 16 then break end
  maxRecords = maxRecords - #entries
end
return page
`

export const append: Script = scriptOf(APPEND)
export const read: Script = scriptOf(READ)
