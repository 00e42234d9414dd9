// What every adapter must do: compress what it is told to.

import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { SseChannel } from '../../../src/index.js'
import type { Kit } from '../contract.js'

const CODINGS = ['gzip', 'br'] as const

/** Decodes as much as there is. */
function decoded(bytes: Buffer, coding: (typeof CODINGS)[number]): string {
  if (bytes.length === 0) return ''
  return (
    coding === 'gzip'
      ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
      : brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
  ).toString()
}

export function testCompression({ open }: Kit): void {
  test.each([...CODINGS])('compresses by %s, event by event', async (coding) => {
    const channel = new SseChannel()
    const { answer, stream } = await open(
      { compress: true },
      { headers: { 'accept-encoding': `${coding}, identity;q=0.5` } },
    )
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'content-encoding': coding,
      vary: expect.stringMatching(/accept-encoding/i),
    })
    expect(answer.headers).not.toHaveProperty('content-length')
    await channel.subscribe(stream)
    const text = () => decoded(answer.bytes(), coding)
    for (let i = 0; i < 6; i++) {
      if (i % 2) stream.send({ data: `event ${i}` })
      else await channel.publish({ data: `event ${i}` })
      // Nothing else is sent until this one has arrived.
      await vi.waitUntil(() => text().endsWith(`data: event ${i}\n\n`), { timeout: 15_000 })
    }
    // More than the connection takes at once.
    stream.send({ data: 'ä'.repeat(300_000) })
    expect(await stream.end({ event: 'bye' })).toEqual({ reason: 'ended' })
    await answer.whole
    expect(text()).toMatch(/data: ä{300000}\n\nevent: bye\ndata: \n\n$/)
  })

  test('sees a client leave that is sent compressed events', async () => {
    for (const coding of CODINGS) {
      const { answer, stream } = await open(
        { compress: true },
        { headers: { 'accept-encoding': coding } },
      )
      stream.send({ data: 'x' })
      answer.leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
    }
  })

  test('compresses for none that does not take it, and nobody unasked', async () => {
    const plain = await open({ compress: true }, { headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(plain.answer.headers).not.toHaveProperty('content-encoding')
    expect(plain.answer.headers.vary).toMatch(/accept-encoding/i)
    void plain.stream.end({ data: 'plain' })
    expect(await plain.answer.whole).toBe('data: plain\n\n')
    const unasked = await open({}, { headers: { 'accept-encoding': 'gzip, br' } })
    expect(unasked.answer.headers).not.toHaveProperty('content-encoding')
    await unasked.stream.end()
  })
}
