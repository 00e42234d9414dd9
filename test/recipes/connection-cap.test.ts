// The recipe of docs/security.md for a cap on connections, on a real server.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { closeAllStreams, streamStats } from 'eventwire'
import { createTestStream } from 'eventwire/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, ask } from '../adapters/client.js'
import { readWire } from '../wire.js'
import { ConnectionCap } from './connection-cap/cap.js'
import { channel, perUser, server, sessions } from './connection-cap/server.js'

const APP = 'https://app.example'

describe('the recipe for a cap on connections', () => {
  let url: string
  const open: Answer[] = []

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    for (const answer of open.splice(0)) answer.leave()
    await expect.poll(() => perUser.size).toBe(0)
  })
  afterAll(async () => {
    server.close()
    await closeAllStreams({ withinMs: 0 })
  })

  async function connect(session: string, headers: Record<string, string> = {}) {
    const cookie = `a=b; session=${session}`
    const answer = await ask(url, 'http/1.1', { headers: { cookie, ...headers } })
    open.push(answer)
    return answer
  }
  const statusOf = async (session: string, headers?: Record<string, string>) =>
    (await connect(session, headers)).status

  test('refuses a fourth stream of one user, and tells when to come back', async () => {
    for (let i = 0; i < 3; i++) expect(await statusOf('a1')).toBe(200)
    const fourth = await connect('a1')
    expect(fourth.status).toBe(503)
    expect(Number(fourth.headers['retry-after'])).toBeGreaterThanOrEqual(5)
    expect(Number(fourth.headers['retry-after'])).toBeLessThanOrEqual(15)
    expect(await statusOf('b2')).toBe(200)
  })

  test('has room again once one has left', async () => {
    const [first] = await Promise.all([connect('a1'), connect('a1'), connect('a1')])
    expect(await statusOf('a1')).toBe(503)
    first?.leave()
    await expect.poll(() => perUser.hasRoom('anna')).toBe(true)
    expect(await statusOf('a1')).toBe(200)
  })

  test('is not used up by requests that get no stream', async () => {
    const { opened } = streamStats()
    for (let i = 0; i < 5; i++) expect(await statusOf('a1', { accept: 'text/html' })).toBe(406)
    const head = await ask(url, 'http/1.1', { method: 'HEAD', headers: { cookie: 'session=a1' } })
    expect(head.status).toBe(200)
    await expect.poll(() => perUser.size).toBe(0)
    expect(streamStats().opened - opened).toBe(6)
    expect(await statusOf('a1')).toBe(200)
  })

  test('bears a flood of clients that come and leave', async () => {
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf('a1')))
      expect(statuses.filter((status) => status === 200)).toHaveLength(3)
      for (const answer of open.splice(0)) answer.leave()
      await expect.poll(() => perUser.size).toBe(0)
    }
  })

  test('serves its own pages alone, and those alone who have signed in', async () => {
    expect(await statusOf('a1', { origin: 'https://evil.example' })).toBe(403)
    expect(await statusOf('a1', { origin: 'null' })).toBe(403)
    expect(await statusOf('a1', { origin: APP })).toBe(200)
    expect(await statusOf('unknown')).toBe(401)
    const answer = await connect('b2')
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    expect(answer.headers['cache-control']).toBe('no-store, no-transform')
  })

  test('shows who comes back what it may see by now, also of what it has missed', async () => {
    const first = await connect('a1')
    await channel.publish({ data: 'for all' })
    await channel.publish({ data: 'for red' }, { topic: 'team red' })
    await channel.publish({ data: 'for bert' }, { topic: 'user bert' })
    await first.has('for red')
    const [seen] = readWire(first.received())
    first.leave()
    const session = sessions.get('a1')
    session?.teams.splice(0)
    await channel.publish({ data: 'for red, later' }, { topic: 'team red' })
    await channel.publish({ data: 'for anna' }, { topic: 'user anna' })
    const second = await connect('a1', { 'last-event-id': seen?.id ?? '' })
    await second.has('for anna')
    session?.teams.push('red')
    expect(readWire(second.received()).map(({ data }) => data)).toEqual(['for anna'])
  })

  test('ends the streams of a user who signs out', async () => {
    const answers = [await connect('b2'), await connect('b2')]
    sessions.get('b2')?.signOut.abort()
    for (const answer of answers) await answer.whole
    expect(await statusOf('b2')).toBe(401)
  })
})

describe('ConnectionCap', () => {
  test('counts by key, until each stream has closed', async () => {
    const cap = new ConnectionCap(2)
    const [first, second, other] = [createTestStream(), createTestStream(), createTestStream()]
    cap.count('a', first.stream)
    expect(cap.hasRoom('a')).toBe(true)
    cap.count('a', second.stream)
    cap.count('b', other.stream)
    expect([cap.hasRoom('a'), cap.hasRoom('b'), cap.size]).toEqual([false, true, 2])
    for (const { disconnect } of [first, second, other]) disconnect()
    await Promise.all([first, second, other].map(({ stream }) => stream.closed))
    expect([cap.hasRoom('a'), cap.size]).toEqual([true, 0])
  })
})
