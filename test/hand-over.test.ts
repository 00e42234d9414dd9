// A log may show by `since` what it has yet to tell by `next`, and its engine may lose that in between.

import { describe, expect, test } from 'vitest'
import { type EventLog, type LogFollower, type LogRecord, SseChannel } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'

/** Ids are `<term>-<number>`: an engine that has lost its newest records gives their numbers again in another term. */
class ForgetfulLog implements EventLog {
  records: LogRecord[] = []
  follower: LogFollower | undefined

  /** Puts it there; followers are yet to be told. */
  add(...ids: string[]): void {
    for (const id of ids) this.records.push({ id, data: id })
  }

  tell(...ids: string[]): void {
    for (const id of ids) this.follower?.next({ id, data: id })
  }

  follow: EventLog['follow'] = async (_channel, follower) => {
    follower.start(this.records.at(-1)?.id ?? '0-0')
    this.follower = follower
    return async () => {}
  }

  since: EventLog['since'] = async (_channel, id) => {
    const index = this.records.findIndex((record) => record.id === id)
    const complete = index >= 0
    return {
      records: this.records.slice(index + 1),
      complete,
      from: complete ? id : '0-0',
      more: false,
    }
  }

  compare: EventLog['compare'] = (one, other) => {
    const [[term = 0, number = 0], [otherTerm = 0, otherNumber = 0]] = [one, other].map((id) =>
      id.split('-').map(Number),
    ) as [number[], number[]]
    return term - otherTerm || number - otherNumber
  }

  append = () => Promise.reject(new Error('Nobody publishes here'))
  close = async () => {}
}

/** A client that was shown 2 and 3, of which those who are live have not heard. */
async function joinAhead() {
  const log = new ForgetfulLog()
  log.add('0-1')
  const channel = new SseChannel({ name: 'a', log })
  await channel.subscribe(new FakeClient().stream)
  log.add('0-2', '0-3')
  const client = new FakeClient('0-1')
  const subscribed = channel.subscribe(client.stream)
  await settle()
  expect(client.data).toEqual(['0-2', '0-3'])
  return { log, client, subscribed }
}

describe('a client that was shown records before those who are live were told', () => {
  test('gets them once', async () => {
    const { log, client, subscribed } = await joinAhead()
    log.add('0-4')
    log.tell('0-2', '0-3', '0-4')
    expect((await subscribed).resume).toBe('resumed')
    expect(client.data).toEqual(['0-2', '0-3', '0-4'])
  })

  // It went over to what was live as if nothing had happened, with events that nobody else has.
  test('is told of a gap where others come in their place', async () => {
    const { log, client, subscribed } = await joinAhead()
    log.records.splice(1)
    log.add('1-2', '1-3')
    log.tell('1-2', '1-3')
    expect((await subscribed).resume).toBe('gap')
    expect(client.data.slice(2)).toEqual(['{"lastEventId":"0-3"}', '0-1', '1-2', '1-3'])
    log.tell('1-4')
    await settle()
    expect(client.data.at(-1)).toBe('1-4')
  })

  test('is told of a gap when those who are live begin anew', async () => {
    const { log, client, subscribed } = await joinAhead()
    log.records.splice(1)
    log.follower?.start('1-1')
    expect((await subscribed).resume).toBe('gap')
    expect(client.data.slice(2)).toEqual(['{"lastEventId":"0-3"}', '0-1'])
  })
})
