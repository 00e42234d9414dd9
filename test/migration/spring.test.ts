// What docs/migration/spring.md says of Spring's SseEmitter in the words of eventwire.

import { once } from 'node:events'
import { openStream, stop } from 'eventwire/express'
import { parseEvents } from 'eventwire/parser'
import express from 'express'
import { from } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { ask } from '../adapters/client.js'
import { describeInChromium } from '../browser/chromium.js'
import { readWire } from '../wire.js'
import { serve } from './served.js'
import { app, rows } from './spring/after.js'

const accept = 'text/event-stream'

/** How a stream ends that `handler` is given. */
async function closing(
  handler: (stream: ReturnType<typeof openStream>) => unknown,
  options = {},
): Promise<{ reason: string; error?: Error; text: string }> {
  const ended = deferred<{ reason: string; error?: Error }>()
  const url = await serve(
    express().get('/', (req, res) => {
      const stream = openStream(req, res, options)
      stream.closed.then(ended.resolve)
      handler(stream)
    }),
  )
  const answer = await ask(url, 'http/1.1', { headers: { accept } })
  await answer.whole.catch(() => {})
  return { ...(await ended.promise), text: answer.received() }
}

describe('the import of the page', () => {
  test('sends its progress, and ends with a last event', async () => {
    const url = await serve(app)
    const closed = once(rows, 'closed')
    const answer = await ask(url, 'http/1.1', { path: '/import', headers: { accept } })
    const events = readWire(await answer.whole)
    expect(events.map(({ event, id, data }) => [event, id, JSON.parse(data)])).toEqual([
      ['progress', '1', { done: 1, of: 3 }],
      ['progress', '2', { done: 2, of: 3 }],
      ['progress', '3', { done: 3, of: 3 }],
      ['finished', 'finished', { rows: 3 }],
    ])
    expect((await closed)[0]).toBe('ended')
  })

  test('is answered with 204 once its end was seen', async () => {
    const url = await serve(app)
    const headers = { accept, 'last-event-id': 'finished' }
    const answer = await ask(url, 'http/1.1', { path: '/import', headers })
    expect(answer.status).toBe(204)
  })

  test('sends what a source gives, and lets go of it when the client leaves', async () => {
    const url = await serve(app)
    const answer = await ask(url, 'http/1.1', { path: '/rows', headers: { accept } })
    rows.emit('row', 'one')
    await answer.has('data: one\n\n')
    answer.leave()
    await vi.waitFor(() => expect(rows.listenerCount('row')).toBe(0))
  })
})

describe('the callbacks of SseEmitter', () => {
  test('onCompletion: complete() is end()', async () => {
    expect(await closing((stream) => stream.end({ data: 'bye' }))).toMatchObject({
      reason: 'ended',
      text: 'data: bye\n\n',
    })
  })

  test('onTimeout: the timeout is `maxLifetimeMs`', async () => {
    expect(await closing(() => {}, { maxLifetimeMs: 20 })).toMatchObject({ reason: 'lifetime' })
  })

  test('onError: completeWithError() is destroy(), and the client is told nothing', async () => {
    const error = new Error('of the database')
    const { text, ...info } = await closing((stream) => stream.destroy(error))
    expect(info).toEqual({ reason: 'error', error })
    expect(text).toBe('')
  })

  test('several callbacks are several `then`, also after the end', async () => {
    const { promise, resolve } = deferred<string[]>()
    await closing(async (stream) => {
      const heard = [stream.closed.then(({ reason }) => `first: ${reason}`)]
      await stream.end()
      heard.push(stream.closed.then(({ reason }) => `later: ${reason}`))
      resolve(await Promise.all(heard))
    })
    expect(await promise).toEqual(['first: ended', 'later: ended'])
  })
})

describe('sending after the end', () => {
  test('is no error, unlike the IllegalStateException of a completed emitter', async () => {
    const sent: boolean[] = []
    await closing((stream) => {
      void stream.end()
      sent.push(stream.send({ data: 'too late' }))
    })
    expect(sent).toEqual([false])
  })
})

test('a Flux of events is whatever can be subscribed to', async () => {
  const { text } = await closing(async (stream) => {
    await stream.sendAll(from([{ event: 'row', id: 1, data: { n: 1 } }, { comment: 'so far' }]))
    await stream.end()
  })
  expect(text).toBe('event: row\nid: 1\ndata: {"n":1}\n\n: so far\n\n')
})

test('events are read as a reactive source: an async iterable, or an observable of it', async () => {
  const url = await serve(app)
  const response = await fetch(`${url}/import`, { headers: { accept } })
  const names: string[] = []
  await from(parseEvents(response)).forEach(({ event }) => {
    names.push(event)
  })
  expect(names).toEqual(['progress', 'progress', 'progress', 'finished'])
})

describe('the space after the colon', () => {
  test('is written, so that leading spaces arrive', async () => {
    const { text } = await closing((stream) => stream.end({ data: '  indented' }))
    expect(readWire(text)[0]?.data).toBe('  indented')
  })

  test('need not be there to be read', async () => {
    // As SseEmitter writes it.
    const wire = new Response('event:row\nid:1\ndata:{"n":1}\n\n', {
      headers: { 'content-type': 'text/event-stream' },
    })
    const seen: unknown[] = []
    for await (const event of parseEvents(wire)) seen.push(event)
    expect(seen).toEqual([{ event: 'row', id: '1', data: '{"n":1}' }])
  })
})

describeInChromium('whether completing makes the browser come back', (browser) => {
  test('it does, until it is answered with 204 or closes by itself', async () => {
    const asked: string[] = []
    const served = express()
      .get('/', (_req, res) => res.type('html').send('<!doctype html><title>Import</title>'))
      .get('/feed/:way', (req, res) => {
        const { way } = req.params
        asked.push(way)
        const count = asked.filter((other) => other === way).length
        if (way === 'stopped' && count === 3) return stop(res)
        void openStream(req, res, { retryMs: 10 }).end({ event: 'finished', data: count })
      })
    const page = await browser().newPage()
    await page.goto(await serve(served))
    const states = await page.evaluate(async () => {
      const follow = (way: string, isClosedByPage: boolean) =>
        new Promise<number>((resolve) => {
          const source = new EventSource(`/feed/${way}`)
          source.addEventListener('finished', () => {
            if (!isClosedByPage) return
            source.close()
            resolve(source.readyState)
          })
          source.onerror = () => {
            if (source.readyState === EventSource.CLOSED) resolve(source.readyState)
          }
        })
      return [await follow('stopped', false), await follow('closed', true)]
    })
    expect(states).toEqual([2, 2])
    expect(asked).toEqual(['stopped', 'stopped', 'stopped', 'closed'])
    await page.close()
  })
})
