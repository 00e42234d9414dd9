// Streams and channels that do one of each thing that metrics tell of.

import { MemoryLog, SseChannel } from 'eventwire'
import { createTestStream } from 'eventwire/testing'

/**
 * One stream stays open and holds 10 bytes, one drops an event, one is told of a gap; then two clients leave, and one stream
 * fails. One event is published on the channel 'news', and one is not, since the log fails.
 *
 * @returns what closes the stream that is open.
 */
export async function doOneOfEach(): Promise<() => void> {
  const log = new MemoryLog()
  const channel = new SseChannel({ name: 'news', log })
  const slow = createTestStream({ overflow: 'drop-newest', maxBufferedBytes: 8 })
  slow.stall()
  slow.stream.send({ data: 'abcd' })
  await turn()
  slow.stream.send({ data: 'efgh' })
  slow.disconnect()

  const returning = createTestStream({ lastEventId: 'unknown' })
  await channel.subscribe(returning.stream)
  await channel.publish({ data: 'published' })
  returning.disconnect()

  createTestStream().stream.destroy(new Error('failed'))

  log.append = () => Promise.reject(new Error('disk full'))
  await channel.publish({ data: 'lost' }).catch(() => {})

  const open = createTestStream()
  open.stall()
  open.stream.send({ data: '12' })
  return open.disconnect
}

/** Lets the event loop come round: a client that has not read by then is slow. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
