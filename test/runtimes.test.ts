// What the core does where the runtime has less than Node.js, or says so by throwing.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { openStream } from '../src/adapters/fetch.js'

const refuse = () => {
  throw new Error('A Node.js API is used which is not supported')
}

/** What a client gets that reads to the end, of more than it is given in one turn. */
async function readThrough(open: typeof openStream, headers: Record<string, string> = {}) {
  const request = new Request('http://a.example/', { headers })
  const { stream, response } = open(request, { compress: true })
  const sending = (async () => {
    for (let i = 0; i < 50; i++) {
      if (!stream.send({ data: 'x'.repeat(10_000) })) await stream.drained()
    }
    return stream.end()
  })()
  const text = await response.text()
  return { info: await sending, events: text.split('\n\n').length - 1 }
}

const ALL = { info: { reason: 'ended' }, events: 50 }

describe('a stream', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  test.each([
    ['is missing', undefined],
    // So it is on the Edge runtime of Next.js, where this ended the process.
    ['throws', refuse],
  ])('is delivered where setImmediate %s', async (_what, setImmediate) => {
    vi.stubGlobal('setImmediate', setImmediate)
    expect(await readThrough(openStream)).toEqual(ALL)
  })

  test('is delivered, uncompressed, where the runtime throws at a look for node:zlib', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(refuse)
    vi.resetModules()
    const fresh = await import('../src/adapters/fetch.js')
    expect(await readThrough(fresh.openStream, { 'accept-encoding': 'gzip' })).toEqual(ALL)
  })
})
