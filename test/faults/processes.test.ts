// What befalls whole processes: no descriptors left, a blocked event loop, a clock that jumps, a process that is stopped.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, ServerProcess } from './server-process.js'

let server: ServerProcess
let bystander: Client

async function start(maxFiles?: number): Promise<void> {
  server = await ServerProcess.start(maxFiles)
  bystander = await server.connect()
}

afterEach(() => server.stop())

/** The bystander is served on, on its one connection; nothing else is left, and nothing was heard of. */
async function expectCalm(): Promise<void> {
  await expect.poll(async () => (await server.stats()).open).toBe(1)
  await server.tell('publish', 'served')
  await expect.poll(() => bystander.data.at(-1)).toBe('served')
  expect(bystander.hasEnded).toBe(false)
  const { problems, size, bufferedBytes } = await server.stats()
  expect({ problems, size, bufferedBytes }).toEqual({ problems: [], size: 1, bufferedBytes: 0 })
}

describe('a server without file descriptors', () => {
  test('serves on those whom it has let in, and lets in others when some have left', async () => {
    await start(40)
    const sockets = Array.from({ length: 60 }, () => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      return socket
    })
    await expect.poll(async () => (await server.stats()).open).toBeGreaterThan(5)
    await server.tell('publish', 'while there is no room')
    await expect.poll(() => bystander.data).toEqual(['while there is no room'])
    const { open } = await server.stats()
    // Not all found room, or this shows nothing.
    expect(open).toBeLessThan(60)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await server.stats()).open).toBe(1)
    const late = await server.connect()
    await server.tell('publish', 'with room again')
    await expect.poll(() => late.data).toEqual(['with room again'])
    late.leave()
    await expectCalm()
  })
})

describe('a process that stands still for longer than stallTimeoutMs', () => {
  beforeEach(() => start())

  test.each<[string, () => Promise<unknown>]>([
    ['its event loop is full', () => server.tell('block', 1_500)],
    [
      'it is stopped, and goes on',
      async () => {
        server.signal('SIGSTOP')
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        server.signal('SIGCONT')
      },
    ],
  ])('takes no client that reads for a stalled one: %s', async (_what, standStill) => {
    await server.tell('flood', 100)
    await standStill()
    await expect.poll(() => bystander.data.length).toBe(100)
    await bystander.hasBeats(2)
    expect((await server.stats()).closed).toMatchObject({ stalled: 0, overflow: 0, client: 0 })
    await expectCalm()
  })
})

describe('a client whose process is stopped', () => {
  test('is cut after stallTimeoutMs, and nobody waits for it', async () => {
    await start()
    const program = `require('node:http').get({ port: ${server.port}, host: '127.0.0.1' }, (res) => res.resume())`
    const client = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
    try {
      await expect.poll(async () => (await server.stats()).size).toBe(2)
      client.kill('SIGSTOP')
      await server.tell('flood', 100)
      await expect.poll(() => bystander.data.length).toBe(100)
      await expect.poll(async () => (await server.stats()).closed.stalled).toBe(1)
      await expectCalm()
    } finally {
      const hasExited = once(client, 'exit')
      client.kill('SIGKILL')
      await hasExited
    }
  })
})

describe('a clock that jumps', () => {
  beforeEach(() => start())

  const DAY_MS = 86_400_000
  test.each([
    { clock: 'Date', ms: DAY_MS },
    { clock: 'Date', ms: -DAY_MS },
    { clock: 'performance', ms: DAY_MS },
    { clock: 'performance', ms: -DAY_MS },
  ])('by $ms ms ($clock) ends no stream, and heartbeats go on as before', async (jump) => {
    await bystander.hasBeats(1)
    await server.tell('jump', jump)
    const before = bystander.heartbeats
    await bystander.hasBeats(5)
    // No flood of them either, to make up for a day.
    expect(bystander.heartbeats - before).toBeLessThan(60)
    await expectCalm()
  })
})
