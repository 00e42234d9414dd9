// What `compress: true` puts on the wire, piece by piece; the adapter contract has it over the network.

import { brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressed } from '../../src/adapters/compressed-sink.js'
import { Chunk } from '../../src/chunk.js'
import { type ContentCoding, codingFor } from '../../src/http.js'
import { SseChannel, SseStream } from '../../src/index.js'
import type { Sink, SinkListener } from '../../src/sink.js'
import { turn } from '../fake-sink.js'

/** A connection that keeps the bytes that it was given. */
class FakeConnection implements Sink {
  readonly chunks: Uint8Array[] = []
  bufferedBytes = 0
  isSlow = false
  listener: SinkListener | undefined
  write(chunk: string | Uint8Array): boolean {
    this.chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    return !this.isSlow
  }
  end(): void {
    this.listener?.onClose({ reason: 'ended' })
  }
  destroy(): void {}
  attach(listener: SinkListener): void {
    this.listener = listener
  }
  /** What a client has decoded by now: a stream that has not come to its end is no error. */
  decoded(coding: ContentCoding): string {
    const bytes = Buffer.concat(this.chunks)
    return (
      coding === 'gzip'
        ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
        : brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
    ).toString()
  }
}

describe('the coding of a compressed stream', () => {
  test.each<[string | undefined, ContentCoding | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'gzip'],
    ['br;q=1, gzip;q=0.8', 'br'],
    ['gzip;q=0.5, br;q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0, br', 'br'],
    ['*', 'gzip'],
    ['*;q=0', undefined],
    ['gzip;q=0, *', 'br'],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['deflate, zstd', undefined],
    ['gzip;q=nonsense', 'gzip'],
  ])('for %j is %s', (header, coding) => {
    expect(codingFor(header, ['gzip', 'br'])).toBe(coding)
  })

  test('is none where the runtime offers none', () => {
    expect(codingFor('gzip, br', [])).toBeUndefined()
  })
})

describe('a gzip stream', () => {
  test('can be read after each write, and is whole at its end, whatever is written', () => {
    const write = fc.record({
      text: fc.oneof(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
        fc.nat(40).map((n) => `event: price\ndata: {"cents":${n}}\n\n`),
        fc.integer({ min: 1, max: 12_000 }).map((length) => 'abcdefg '.repeat(length)),
      ),
      how: fc.constantFrom('text', 'bytes', 'shared'),
    })
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 12 }), (writes) => {
        const connections = [new FakeConnection(), new FakeConnection()]
        const sinks = connections.map((connection) => compressed(connection, 'gzip'))
        let expected = ''
        for (const { text, how } of writes) {
          const event = { text, bytes: Buffer.byteLength(text) }
          const chunk = new Chunk().with(event)
          for (const sink of sinks) {
            if (how === 'shared') sink.writeShared?.(chunk)
            else sink.write(how === 'text' ? text : Buffer.from(text))
          }
          expected += text
          for (const connection of connections) expect(connection.decoded('gzip')).toBe(expected)
        }
        for (const [index, sink] of sinks.entries()) {
          sink.end(false)
          // With its end, and its checksum.
          expect(gunzipSync(Buffer.concat(connections[index]?.chunks ?? [])).toString()).toBe(
            expected,
          )
        }
      }),
      { numRuns: 150 },
    )
  })

  test('is whole when nothing was written', () => {
    const connection = new FakeConnection()
    compressed(connection, 'gzip').end(false)
    expect(gunzipSync(Buffer.concat(connection.chunks)).toString()).toBe('')
  })

  test('refers to what was sent before, as a compressor that is kept would', () => {
    const connection = new FakeConnection()
    const sink = compressed(connection, 'gzip')
    const texts = Array.from(
      { length: 50 },
      (_, i) => `event: price\nid: 1-${i}\ndata: {"symbol":"ACME","cents":${9_000 + i}}\n\n`,
    )
    for (const text of texts) sink.write(text)
    const sent = connection.chunks.reduce((sum, { length }) => sum + length, 0)
    const alone = texts.reduce((sum, text) => sum + gzipSync(text).length, 0)
    expect(sent).toBeLessThan(alone / 2)
  })

  test('compresses what a channel publishes once for streams that were sent the same', async () => {
    const connections = Array.from({ length: 5 }, () => new FakeConnection())
    const channel = new SseChannel()
    for (const connection of connections) {
      await channel.subscribe(new SseStream(compressed(connection, 'gzip')))
    }
    for (let i = 0; i < 3; i++) await channel.publish({ data: `event ${i}` })
    const outputs = connections.map(({ chunks }) => chunks.at(-1))
    expect(new Set(outputs).size).toBe(1)
    // One that was sent something else of its own is given what suits it.
    const other = new FakeConnection()
    const stream = new SseStream(compressed(other, 'gzip'))
    stream.send({ data: 'of its own' })
    await channel.subscribe(stream)
    await channel.publish({ data: 'event 3' })
    for (const connection of [...connections, other]) {
      expect(connection.decoded('gzip')).toMatch(/data: event 3\n\n$/)
    }
    expect(other.chunks.at(-1)).not.toBe(connections[0]?.chunks.at(-1))
  })
})

describe('a brotli stream', () => {
  test('can be read after each write, and is whole at its end', async () => {
    const connection = new FakeConnection()
    const stream = new SseStream(compressed(connection, 'br'))
    for (let i = 0; i < 3; i++) {
      stream.send({ data: `event ${i}` })
      await expect.poll(() => connection.decoded('br')).toContain(`data: event ${i}\n\n`)
    }
    expect(await stream.end()).toEqual({ reason: 'ended' })
    expect(brotliDecompressSync(Buffer.concat(connection.chunks)).toString()).toBe(
      'data: event 0\n\ndata: event 1\n\ndata: event 2\n\n',
    )
  })

  test('hands on no more than the connection takes, and counts what waits', async () => {
    const connection = new FakeConnection()
    connection.isSlow = true
    const stream = new SseStream(compressed(connection, 'br'), { maxBufferedBytes: 200_000 })
    const text = Array.from({ length: 2_000 }, () => Math.random().toString(36)).join('')
    while (stream.bufferedBytes < 100_000) {
      stream.send({ data: text })
      await turn()
    }
    const handedOver = connection.chunks.length
    await turn()
    expect(connection.chunks.length).toBe(handedOver)
    connection.isSlow = false
    connection.listener?.onDrain()
    await stream.drained()
    await stream.end()
    const body = brotliDecompressSync(Buffer.concat(connection.chunks)).toString()
    expect(body.replaceAll(`data: ${text}\n\n`, '')).toBe('')
  })

  // Its thread takes its time for that; the client has read all that came.
  test('does not take its own work for a slow client', async () => {
    const connection = new FakeConnection()
    const stream = new SseStream(compressed(connection, 'br'))
    stream.send({ data: 'x'.repeat(3_000_000) })
    for (let i = 0; i < 40; i++) {
      stream.send({ data: `${i}`.padEnd(20_000) })
      await turn()
    }
    expect(await stream.end()).toEqual({ reason: 'ended' })
    const body = brotliDecompressSync(Buffer.concat(connection.chunks)).toString()
    expect(body.match(/^data: /gm)).toHaveLength(41)
  })
})
