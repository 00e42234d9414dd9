// One channel as a node hears it, with a Redis that answers when the test says so.

import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/index.js'
import { FollowedChannel } from '../../src/redis/followed-channel.js'
import type { RedisPage } from '../../src/redis/reader.js'
import { textOf } from '../../src/redis/redis-record.js'

/** A channel that is being read, and so many events of 100,000 characters that are heard meanwhile. */
async function readWhile({ heard }: { heard: number }) {
  const answers: ((page: RedisPage) => void)[] = []
  const records: LogRecord[] = []
  const followed = new FollowedChannel(() => new Promise((resolve) => answers.push(resolve)))
  const follower = { start: () => {}, next: (record: LogRecord) => records.push(record) }
  void followed.add(follower)
  void followed.catchUp()
  const text = textOf({ data: 'x'.repeat(100_000) })
  for (let number = 1; number <= heard; number++) followed.onMessage(`e.1-${number} ${text}`)
  answers[0]?.({ complete: true, from: 'e.1-0', last: 'e.1-0', records: [] })
  await new Promise((resolve) => setImmediate(resolve))
  return { answers, records }
}

test('what is heard while the log is read follows it', async () => {
  const { answers, records } = await readWhile({ heard: 10 })
  expect(records.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `e.1-${i + 1}`))
  expect(answers).toHaveLength(1)
})

test('more than 1 MiB of it is not held, but read', async () => {
  const { answers, records } = await readWhile({ heard: 11 })
  expect(records).toEqual([])
  expect(answers).toHaveLength(2)
})
