// What runs inside Redis, each script as one step that nothing comes between.

import { createHash } from 'node:crypto'

/** A script, and the name by which a server knows it. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

/*
 * KEYS[1]: a stream, one entry `<number>-<term>` a record; its fields are, in this order, the record's text, when it
 * came, and who sent it.
 * KEYS[2]: a hash with the channel's
 *   epoch         a life of these keys
 *   term          how many runs of the server have added to it, less one
 *   run           the run of the server that added last
 *   ends          "<term>=<number>,...": the last number of each earlier term, as far as the stream reaches
 *   number        of the newest record
 *   count, bytes  of what is in the stream
 *   limits        "<maxEvents> <maxBytes> <maxAgeMs>", the last 0 for no limit
 *   kept          when the keys were last kept from expiring
 *   by:<sender>   "<counter> <number> <time>" of the last record that came from there
 * ARGV begins with: idle, the name of an epoch that may begin now, sender.
 *
 * A call from a script costs a microsecond or two, which each event waits for: there are few. Lua writes numbers of up to
 * 14 digits as they are: enough for milliseconds, and for a hundred thousand events a second over thirty years.
 */

/** Evicting costs two calls. The stream may hold so many more than the limits allow; nobody is shown them. */
const SLACK = 32
/** A record of more bytes is not among those. */
const LARGE = 16_384
/** About so many bytes are looked at in one call: what a call gives is copied, and some records are large. */
const GULP_BYTES = 262_144
/** A sender that was not heard for longer is forgotten: clients have long stopped to send again what it sent. */
const SENDER_MS = 3_600_000

/** Reads the state. A new epoch begins where some of it is lost, be it flushed, expired or evicted. */
const STATE = `
local call, stream, meta = redis.call, KEYS[1], KEYS[2]
local idle, by = tonumber(ARGV[1]), 'by:' .. ARGV[3]
local state = call('HMGET', meta, 'epoch', 'term', 'run', 'ends', 'number', 'count', 'bytes', 'limits', 'kept', by)
local epoch, term, run, ends, number = state[1], state[2], state[3], state[4], tonumber(state[5])
local count, bytes, limits, kept = tonumber(state[6]), tonumber(state[7]), state[8], tonumber(state[9])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function begin()
  epoch, term, run, ends, number, count, bytes, limits, kept = ARGV[2], '0', '', '', 0, 0, 0, '0 0 0', 0
  call('DEL', stream, meta)
  call('HSET', meta, 'epoch', epoch, 'term', term, 'run', run, 'ends', ends,
    'number', number, 'count', count, 'bytes', bytes, 'limits', limits, 'kept', kept)
end
if not epoch then begin() end

local function gulp(most)
  if bytes > 0 then most = math.min(most, math.ceil(${GULP_BYTES} * count / bytes)) end
  return math.max(most, 1)
end

local function evict()
  local maxEvents, maxBytes, age = limits:match('(%d+) (%d+) (%d+)')
  maxEvents, maxBytes, age = tonumber(maxEvents), tonumber(maxBytes), tonumber(age)
  local from, before = '-', count
  while from and (count > maxEvents or bytes > maxBytes or age > 0) do
    local most = gulp(${SLACK})
    local entries = call('XRANGE', stream, from, '+', 'COUNT', most)
    from = nil
    for i, entry in ipairs(entries) do
      local fields = entry[2]
      if count <= maxEvents and bytes <= maxBytes and (age == 0 or now - fields[4] <= age) then break end
      count, bytes = count - 1, bytes - #fields[2]
      if i == most then from = '(' .. entry[1] end
    end
  end
  if count < before then call('XTRIM', stream, 'MAXLEN', count) end
  return count < before
end

local function keep()
  if now - kept <= idle / 8 and now >= kept then return false end
  kept = now
  call('PEXPIRE', stream, idle)
  call('PEXPIRE', meta, idle)
  -- Now and then: senders may come and go by the thousand.
  local fields = call('HLEN', meta) > 128 and call('HGETALL', meta) or {}
  for i = 1, #fields, 2 do
    local heard = fields[i]:find('by:', 1, true) == 1 and fields[i + 1]:match('%d+$')
    if heard and now - heard > math.min(idle, ${SENDER_MS}) then call('HDEL', meta, fields[i]) end
  end
  return true
end

local function idOf(at)
  for past, last in ends:gmatch('(%d+)=(%d+)') do
    if at <= tonumber(last) then return epoch .. '.' .. past .. '-' .. at end
  end
  return epoch .. '.' .. term .. '-' .. at
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
 * ARGV goes on: text, topic, limits, counter, the counter of the one ahead or 0.
 */
const APPEND = `${STATE}
local text, counter = ARGV[4], tonumber(ARGV[7])
local last, at = 0, 0
if state[10] and number > 0 then
  last, at = state[10]:match('^(%d+) (%d+)')
  last, at = tonumber(last), tonumber(at)
end

if counter <= last then
  -- Its numbers rise with its counters, and others' records are in between: halves the range, and again.
  local function find(low, high)
    while low <= high do
      local middle = math.floor((low + high) / 2)
      local to, own, sent = middle, nil, nil
      repeat
        local most = gulp(8)
        local entries = call('XREVRANGE', stream, to, low, 'COUNT', most)
        for _, entry in ipairs(entries) do
          local by, its = (entry[2][6] or ''):match('^(%S+) (%d+)$')
          if by == ARGV[3] then
            own, sent = tonumber(entry[1]:match('^%d+')), tonumber(its)
            break
          end
          to = '(' .. entry[1]
        end
      until own or #entries < most
      if sent == counter then return own end
      if own and sent > counter then high = own - 1 else low = middle + 1 end
    end
  end
  local found = counter == last and at or find(number - count + 1, at)
  if found then return idOf(found) end
  return redis.error_reply('SENTBEFORE the event was appended before, and is not kept any more')
end
if tonumber(ARGV[8]) > last then
  -- Where nothing may be written, that is the answer, and not to come again later.
  call('HSET', meta, 'number', number)
  return redis.error_reply('EARLY the event ahead has not come')
end

local info = redis.pcall('INFO', 'server')
if type(info) ~= 'string' then info = 'run_id:unknown' end
if run == '' or not info:find('run_id:' .. run, 1, true) then
  if number > 0 then
    local reached = {}
    for past, last in ends:gmatch('(%d+)=(%d+)') do
      if tonumber(last) >= number - count then reached[#reached + 1] = past .. '=' .. last end
    end
    reached[#reached + 1] = term .. '=' .. number
    ends, term = table.concat(reached, ','), tostring(term + 1)
  end
  run = info:match('run_id:(%w+)')
  call('HSET', meta, 'run', run, 'term', term, 'ends', ends)
end

local function add()
  number = number + 1
  local id, sender = number .. '-' .. term, ARGV[3] .. ' ' .. ARGV[7]
  if number == 1 then return call('XADD', stream, id, 'text', text, 'at', now, 'by', sender) end
  return call('XADD', stream, 'NOMKSTREAM', id, 'text', text, 'at', now, 'by', sender)
end
if not add() then
  local current = run
  begin()
  call('HSET', meta, 'run', current)
  add()
end
count, bytes, limits = count + 1, bytes + #text, ARGV[6]
if number % ${SLACK} == 0 or #text > ${LARGE} then evict() end
keep()
call('HSET', meta, 'number', number, 'count', count, 'bytes', bytes,
  'limits', limits, 'kept', kept, by, ARGV[7] .. ' ' .. number .. ' ' .. now)
local id = epoch .. '.' .. term .. '-' .. number
call('PUBLISH', ARGV[5], id .. ' ' .. text)
return id
`

/**
 * Gives the records after a position.
 *
 * ARGV goes on: id, its number ('' for none), maxRecords, maxBytes.
 * Returns whether nothing is missing, the position that the records follow on, that of the newest record, and the
 * id and the text of each.
 */
const READ = `${STATE}
local asked, maxRecords, maxBytes = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if number > 0 and call('EXISTS', stream) == 0 then begin() end
-- Both, whatever the first one says. A server without room lets nobody write but after what takes nothing.
local isLess, isKept = evict(), keep()
if isLess or isKept then call('HSET', meta, 'count', count, 'bytes', bytes, 'kept', kept) end
local from = number - count
local complete = asked and asked >= from and asked <= number and idOf(asked) == ARGV[4]
if complete then from = asked end
local page = { complete and '1' or '0', idOf(from), idOf(number) }
local size, start = 0, from + 1
while maxRecords > 0 and size < maxBytes do
  local most = gulp(math.min(maxRecords, 64))
  local entries = call('XRANGE', stream, start, '+', 'COUNT', most)
  for _, entry in ipairs(entries) do
    if size >= maxBytes then break end
    local at, past = entry[1]:match('^(%d+)-(%d+)$')
    page[#page + 1] = epoch .. '.' .. past .. '-' .. at
    page[#page + 1] = entry[2][2]
    size, start = size + #entry[2][2], '(' .. entry[1]
  end
  if #entries < most then break end
  maxRecords = maxRecords - #entries
end
return page
`

export const append: Script = scriptOf(APPEND)
export const read: Script = scriptOf(READ)

function scriptOf(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
