// A stream on a Writable of Node.js: how that ends, and what the stream makes of it.

import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { SseStream } from '../src/index.js'
import { turn } from './fake-sink.js'

describe('SseStream on a Writable', () => {
  test('is closed from the start on one that was destroyed', async () => {
    const writable = new PassThrough()
    writable.destroy()
    const stream = new SseStream(writable)
    expect(stream.state).toBe('closed')
    expect(stream.send({ data: 'x' })).toBe(false)
    expect(await stream.closed).toEqual({ reason: 'client' })
  })

  test('is closed with the reason ended on one that has finished', async () => {
    const writable = new PassThrough()
    writable.resume().end()
    await turn()
    expect(await new SseStream(writable).closed).toEqual({ reason: 'ended' })
  })

  test('reports the error of one that fails, and does not throw it', async () => {
    const writable = new PassThrough()
    const stream = new SseStream(writable)
    const error = new Error('disk full')
    writable.destroy(error)
    expect(await stream.closed).toEqual({ reason: 'error', error })
  })

  test('takes a broken pipe for a client that left', async () => {
    const writable = new PassThrough()
    const stream = new SseStream(writable)
    writable.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await stream.closed).toEqual({ reason: 'client' })
  })

  test('closes with the reason ended when the application ends the writable itself', async () => {
    const writable = new PassThrough()
    writable.resume()
    const stream = new SseStream(writable, { heartbeatMs: 1 })
    writable.end()
    expect(stream.send({ data: 'late' })).toBe(true)
    expect(await stream.closed).toEqual({ reason: 'ended' })
  })

  test('goes on where a middleware put a write in place that gives no answer', async () => {
    const writable = new PassThrough()
    const { write } = writable
    writable.write = ((...args: Parameters<typeof write>) => {
      write.apply(writable, args)
    }) as typeof write
    const received = text(writable)
    const stream = new SseStream(writable, { heartbeatMs: false })
    for (let i = 0; i < 100; i++) {
      stream.send({ data: `${i}`.padEnd(1_000) })
      await stream.drained()
    }
    expect(await stream.end()).toEqual({ reason: 'ended' })
    expect((await received).match(/^data: /gm)).toHaveLength(100)
  })

  // Users saw `writable.flush is not a function`: files have an option of that name.
  test('writes to a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eventwire-'))
    const path = join(folder, 'events')
    const stream = new SseStream(createWriteStream(path))
    stream.send({ data: 'x' })
    expect(await stream.end()).toEqual({ reason: 'ended' })
    expect(await readFile(path, 'utf8')).toBe('data: x\n\n')
    await rm(folder, { recursive: true })
  })

  // U+010A is a line feed in the encoding that Node.js calls latin1.
  test('writes UTF-8, whatever the default encoding of the writable', async () => {
    const chunks: Buffer[] = []
    const writable = new Writable({
      defaultEncoding: 'latin1',
      write(chunk, _encoding, callback) {
        chunks.push(chunk)
        callback()
      },
    })
    const stream = new SseStream(writable)
    stream.send({ data: '\u010aevent: admin' })
    await stream.end()
    expect(`${Buffer.concat(chunks)}`).toBe('data: \u010aevent: admin\n\n')
  })

  test('leaves no listener of its own behind but the one that keeps late errors harmless', async () => {
    const writable = new PassThrough()
    const before = Object.fromEntries(
      ['drain', 'close', 'finish', 'error'].map((name) => [name, writable.listenerCount(name)]),
    )
    const stream = new SseStream(writable)
    writable.resume()
    await stream.end()
    for (const name of ['drain', 'close', 'finish']) {
      expect([name, writable.listenerCount(name)]).toEqual([name, before[name]])
    }
    writable.emit('error', new Error('late'))
  })
})
