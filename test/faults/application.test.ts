// What an application's own code throws: it is told, where anyone can be, and nobody else feels it.

import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  type AnyEvents,
  defineEvents,
  type SseChannelOptions,
  type SseError,
  type SseStream,
  type SseStreamOptions,
  text,
} from '../../src/index.js'
import { type Answer, ask } from '../adapters/client.js'
import { Scene } from './scene.js'

const fault = new Error('a fault of the application')
const fail = () => {
  throw fault
}

let scene: Scene
const answers: Answer[] = []

afterEach(async () => {
  for (const answer of answers.splice(0)) answer.leave()
  await scene.close()
})

/** Opens a scene with one victim, whose stream is handed over. */
async function openVictim(options: {
  stream?: SseStreamOptions
  channel?: SseChannelOptions<AnyEvents>
  onVictim?: (stream: SseStream, res: ServerResponse) => unknown
}): Promise<Answer> {
  scene = await Scene.open({
    ...options,
    onVictim: (stream, res) => void options.onVictim?.(stream, res),
  })
  const answer = await ask(`http://127.0.0.1:${scene.port}`, 'http/1.1', { path: '/victim' })
  answers.push(answer)
  await scene.has(1)
  return answer
}

/** What a call throws, or rejects with. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

describe('data that cannot be sent', () => {
  const events = defineEvents({ price: z.object({ cents: z.number() }), message: text() })
  const failing = {
    '~standard': { version: 1, vendor: 'test', validate: fail },
  } as const
  const circle: unknown[] = []
  circle.push(circle)
  const cases: Record<string, [SseStreamOptions, event: object, expected: unknown]> = {
    'a throwing toJSON': [{}, { data: { toJSON: fail } }, fault],
    'a throwing getter': [
      {},
      { data: Object.defineProperty({}, 'a', { get: fail, enumerable: true }) },
      fault,
    ],
    'a throwing serializer': [{ serialize: fail }, { data: {} }, fault],
    'a serializer that gives no text': [
      { serialize: () => undefined as never },
      { data: {} },
      expect.any(TypeError),
    ],
    'data that its schema refuses': [
      { events, validate: true },
      { event: 'price', data: { cents: 'many' } },
      expect.objectContaining({ code: 'ERR_SSE_INVALID' }),
    ],
    'a throwing schema': [
      { events: defineEvents({ price: failing, message: text() }), validate: true },
      { event: 'price', data: 1 },
      expect.objectContaining({ code: 'ERR_SSE_INVALID', cause: fault }),
    ],
    'a circle': [{}, { data: circle }, expect.any(TypeError)],
  }

  test.each(Object.entries(cases))(
    '%s throws at the call, and the stream goes on',
    async (_what, [options, event, expected]) => {
      const answer = await openVictim({ stream: options, onVictim: () => {} })
      expect(await thrownBy(() => scene.victim.send(event))).toEqual(expected)
      expect(await thrownBy(() => scene.victim.sendAll([event]))).toEqual(expected)
      expect(await thrownBy(() => scene.victim.end(event))).toEqual(expected)
      expect(scene.victim.state).toBe('open')
      scene.victim.comment('served')
      await answer.has(': served\n\n')
      expect(answer.received()).toBe(': served\n\n')
      scene.victim.destroy()
      await scene.expectCalm()
    },
  )

  test.each(Object.entries(cases))(
    '%s rejects the publish, and nobody is sent anything',
    async (_what, [{ serialize, events, validate }, event, expected]) => {
      scene = await Scene.open({
        channel: { serialize, events, validate } as SseChannelOptions<AnyEvents>,
      })
      expect(await thrownBy(() => scene.channel.publish(event))).toEqual(expected)
      await scene.expectCalm()
    },
  )
})

describe('a source that fails', () => {
  const sources: Record<string, () => unknown> = {
    'an iterable': () =>
      (function* () {
        yield 'one'
        throw fault
      })(),
    'an async generator': () =>
      (async function* () {
        yield 'one'
        throw fault
      })(),
    'an iterator without a return': () => {
      const steps = [{ done: false, value: 'one' }]
      return {
        [Symbol.asyncIterator]: () => ({ next: async () => steps.shift() ?? fail() }),
      } as never
    },
    'a Readable': () =>
      Readable.from(
        (async function* () {
          yield 'one'
          throw fault
        })(),
      ),
    'a web stream': () => {
      const chunks = ['one']
      return new ReadableStream<string>({
        pull: (controller) => {
          const chunk = chunks.shift()
          if (chunk === undefined) controller.error(fault)
          else controller.enqueue(chunk)
        },
      })
    },
    'an observable': () => ({
      subscribe: (observer: { next(item: string): void; error(error: unknown): void }) => {
        observer.next('one')
        observer.error(fault)
      },
    }),
    'one that throws as it is asked': () => ({ [Symbol.iterator]: fail }) as never,
  }

  test.each(Object.entries(sources))('%s rejects sendAll; the stream stays', async (what, make) => {
    let outcome: Promise<unknown> | undefined
    const answer = await openVictim({
      onVictim: (stream) => {
        outcome = thrownBy(() => stream.sendAll(make() as Iterable<string>)).then((error) => {
          stream.send({ data: 'served' })
          void stream.end()
          return error
        })
      },
    })
    expect(await outcome).toBe(fault)
    outcome = undefined
    const first = what.startsWith('one that') ? '' : 'data: one\n\n'
    expect(await answer.whole).toBe(`${first}data: served\n\n`)
    await scene.expectCalm()
  })

  test('on its way out, when the client has left, is heard by nobody', async () => {
    const source = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: fail }),
    }
    const answer = await openVictim({ onVictim: (stream) => stream.sendAll(source) })
    answer.leave()
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['client'])
  })
})

describe('a channel’s callbacks that fail', () => {
  const errors: string[] = []
  const onError = (error: SseError, { stage }: { stage: string }) => {
    errors.push(`${stage} ${error.code}`)
    // A listener that fails itself.
    throw fault
  }

  test('a filter counts as false, for its own subscriber alone', async () => {
    errors.length = 0
    await openVictim({
      channel: { onError },
      onVictim: (stream) => scene.channel.subscribe(stream, { filter: fail }),
    })
    await scene.publish('one')
    answers[0]?.leave()
    await scene.expectCalm()
    expect(errors).toEqual(['filter ERR_SSE_FILTER'])
  })

  test.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(fault)],
    [
      'throws in the middle',
      function* () {
        yield { data: 'one' }
        throw fault
      },
    ],
    [
      'rejects in the middle',
      async function* () {
        yield { data: 'one' }
        throw fault
      },
    ],
    ['gives what cannot be sent', () => [{ data: { toJSON: fail } }]],
    ['gives what cannot be iterated', () => 5],
  ])('a snapshot that %s closes its own stream alone', async (_how, make) => {
    errors.length = 0
    let isForVictim = false
    const snapshot = () => (isForVictim ? make() : []) as never
    scene = await Scene.open({ channel: { snapshot, onError } })
    isForVictim = true
    const answer = await ask(`http://127.0.0.1:${scene.port}`, 'http/1.1', { path: '/victim' })
    await expect(answer.whole).rejects.toThrow()
    expect(answer.received()).not.toContain(fault.message)
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['error'])
    expect(errors).toEqual(['snapshot ERR_SSE_SNAPSHOT'])
  })
})

describe('a response that fails', () => {
  test('in its write closes its stream with the error, and no other', async () => {
    await openVictim({
      onVictim: (stream, res) => {
        // As a middleware may.
        res.write = fail
        void scene.channel.subscribe(stream)
      },
    })
    await scene.publish('one')
    await scene.expectCalm()
    expect(scene.reasons).toEqual(['error'])
  })

  test.each(['write', 'end', 'destroy'] as const)(
    'in its %s does not throw at the caller',
    async (method) => {
      await openVictim({ onVictim: (_stream, res) => void Object.assign(res, { [method]: fail }) })
      scene.victim.send({ data: 'x' })
      void scene.victim.end()
      scene.victim.destroy()
      expect(scene.victim.state).toBe('closed')
      for (const answer of answers) answer.leave()
      await scene.expectCalm()
    },
  )
})
