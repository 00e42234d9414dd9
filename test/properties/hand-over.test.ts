// However publishes, subscribes, stalls and evictions interleave: each client sees each event once, in order, or a gap.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EventLog, MemoryLog, SseChannel } from '../../src/index.js'
import { FakeClient } from '../fake-client.js'
import { turn } from '../fake-sink.js'
import { patience, runs } from './runs.js'

/** What a log may do within its contract: answer late, and a few records at a time. */
class FitfulLog implements EventLog {
  readonly #log = new MemoryLog()
  readonly #delays: Iterator<number>
  readonly #pages: Iterator<number>
  /** What is being told to the followers, each at its own pace. */
  readonly #telling: Promise<void>[] = []

  /** @param isLagging - whether followers hear of events later than `append` resolves */
  constructor(
    delays: readonly number[],
    pages: readonly number[],
    readonly isLagging = true,
  ) {
    this.#delays = endless(delays)
    this.#pages = endless(pages)
  }

  append: EventLog['append'] = (...args) => this.#log.append(...args)

  follow: EventLog['follow'] = async (channel, follower) => {
    await this.#late()
    let told: Promise<void> = Promise.resolve()
    const unfollow = await this.#log.follow(channel, {
      start: (position) => follower.start(position),
      next: (record) => {
        if (!this.isLagging) {
          follower.next(record)
          return
        }
        told = told.then(() => this.#late()).then(() => follower.next(record))
        this.#telling.push(told)
      },
    })
    await this.#late()
    return unfollow
  }

  async told(): Promise<void> {
    await Promise.all(this.#telling)
  }

  since: EventLog['since'] = async (channel, id, options) => {
    await this.#late()
    const page = await this.#log.since(channel, id, {
      ...options,
      maxRecords: this.#pages.next().value,
    })
    await this.#late()
    return page
  }

  compare: EventLog['compare'] = (one, other) => this.#log.compare(one, other)

  close = () => this.#log.close()

  async #late(): Promise<void> {
    for (let wait = this.#delays.next().value; wait > 0; wait--) {
      await (wait % 3 === 0 ? turn() : Promise.resolve())
    }
  }
}

function* endless<T>(items: readonly T[]): Generator<T, never> {
  for (;;) yield* items
}

/** One client over all its connections, and what it was given on them. */
class Visitor {
  readonly connections: FakeClient[] = []
  readonly #pending: Promise<unknown>[] = []

  get #current(): FakeClient | undefined {
    return this.connections.at(-1)
  }

  connect(channel: SseChannel): void {
    if (this.#current?.stream.state === 'open') return
    const client = new FakeClient(this.#current?.lastEventId, { maxBufferedBytes: 100_000_000 })
    this.connections.push(client)
    this.#pending.push(channel.subscribe(client.stream, { topics: ['mine'] }))
  }

  leave(): void {
    this.#current?.sink.leave()
  }

  stall(): void {
    if (this.#current) this.#current.sink.isSlow = true
  }

  take(): void {
    this.#current?.sink.take()
  }

  async finish(channel: SseChannel): Promise<void> {
    this.connect(channel)
    do {
      this.#current?.sink.drain()
      await turn()
    } while ((this.#current?.stream.bufferedBytes ?? 0) > 0)
    await Promise.all(this.#pending)
    await turn()
  }

  /** All that it saw: numbers, and gaps. */
  get seen(): (number | 'gap' | 'snapshot')[] {
    return this.connections.flatMap(({ events }) =>
      events.map(({ event, data }) =>
        event === 'message' ? Number(data) : (event as 'gap' | 'snapshot'),
      ),
    )
  }
}

const commands = fc.array(
  fc.record({
    what: fc.constantFrom(
      'publish',
      'publish',
      'publish',
      'elsewhere',
      'connect',
      'leave',
      'stall',
      'take',
      'tick',
      'turn',
    ),
    who: fc.nat({ max: 2 }),
    times: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 60, size: 'max' },
)
const behaviour = {
  commands,
  delays: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 8 }),
  pages: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
}

type Command = { what: string; who: number; times: number }

/** Runs a program on a channel; gives how many events there were for the visitors. */
async function run(
  channel: SseChannel,
  visitors: readonly Visitor[],
  program: readonly Command[],
  log?: FitfulLog,
) {
  let published = 0
  for (const { what, who, times } of program) {
    const visitor = visitors[who % visitors.length] as Visitor
    for (let i = 0; i < times; i++) {
      if (what === 'publish') {
        const topic = published % 2 === 0 ? 'mine' : undefined
        void channel.publish({ data: published++ }, { topic })
      } else if (what === 'elsewhere') void channel.publish({ data: -1 }, { topic: 'not mine' })
      else if (what === 'connect') visitor.connect(channel)
      else if (what === 'leave') visitor.leave()
      else if (what === 'stall') visitor.stall()
      else if (what === 'take') visitor.take()
      else if (what === 'tick') await Promise.resolve()
      else await turn()
    }
  }
  for (const visitor of visitors) visitor.connect(channel)
  await log?.told()
  for (const visitor of visitors) await visitor.finish(channel)
  return published
}

describe('the hand-over from history to live', () => {
  test('neither loses nor repeats nor reorders, with all history kept', {
    ...patience,
  }, async () => {
    let clients = 0
    await fc.assert(
      fc.asyncProperty(fc.record(behaviour), async ({ commands, delays, pages }) => {
        const log = new FitfulLog(delays, pages)
        const channel = new SseChannel({ name: 'a', log })
        const visitors = [new Visitor(), new Visitor(), new Visitor()]
        const published = await run(channel, visitors, commands, log)
        for (const visitor of visitors) {
          clients += visitor.connections.length
          const { seen } = visitor
          // Fresh at some moment; from there on everything, once.
          const first = seen.length === 0 ? published : (seen[0] as number)
          expect(seen).toEqual(Array.from({ length: published - first }, (_, i) => first + i))
        }
        expect(channel.size).toBe(3)
        await channel.close()
      }),
      runs(3_000),
    )
    expect(clients).toBeGreaterThan(9_000)
  })

  test('starts a fresh client with what is published after it subscribed', {
    ...patience,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.record(behaviour), fc.nat({ max: 5 }), async ({ commands }, more) => {
        const channel = new SseChannel()
        const before = await run(channel, [new Visitor()], commands)
        const visitor = new Visitor()
        visitor.connect(channel)
        for (let i = 0; i < more; i++) void channel.publish({ data: before + i })
        await visitor.finish(channel)
        expect(visitor.seen).toEqual(Array.from({ length: more }, (_, i) => before + i))
      }),
      runs(500),
    )
  })

  test('misses nothing without saying so, with little history', patience, async () => {
    let gaps = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record(behaviour),
        fc.nat({ max: 6 }),
        async ({ commands, delays, pages }, maxEvents) => {
          const log = new FitfulLog(delays, pages)
          const channel = new SseChannel({ name: 'a', log, history: { maxEvents } })
          const visitors = [new Visitor(), new Visitor()]
          await run(channel, visitors, commands, log)
          for (const { seen } of visitors) {
            let last: number | undefined
            let isAfterGap = true
            for (const item of seen) {
              if (typeof item === 'string') {
                gaps++
                isAfterGap = true
                continue
              }
              if (isAfterGap) expect(item).toBeGreaterThan(last ?? -1)
              else expect(item).toBe((last as number) + 1)
              last = item
              isAfterGap = false
            }
          }
        },
      ),
      runs(1_500),
    )
    expect(gaps).toBeGreaterThan(100)
  })

  test('gives a snapshot and what follows it, with nothing missing between', {
    ...patience,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record(behaviour),
        fc.nat({ max: 6 }),
        async ({ commands, delays, pages }, maxEvents) => {
          // The state is that of the events which the log has told of.
          const log = new FitfulLog(delays, pages, false)
          let state = -1
          const channel: SseChannel = new SseChannel({
            name: 'a',
            log: {
              append: (name, record, limits) => {
                if (record.topic !== 'not mine') state = Number(record.data)
                return log.append(name, record, limits)
              },
              follow: log.follow,
              since: log.since,
              compare: log.compare,
              close: log.close,
            },
            history: { maxEvents },
            // Two events: a client may be cut between them.
            snapshot: () => [
              { event: 'snapshot', data: state },
              { event: 'state', data: state },
            ],
          })
          const visitors = [new Visitor(), new Visitor()]
          const published = await run(channel, visitors, commands)
          for (const visitor of visitors) {
            let last: number | undefined
            for (const { events } of visitor.connections) {
              for (const { event, data } of events) {
                if (event === 'gap' || event === 'snapshot') continue
                if (event === 'state') last = Number(data)
                else {
                  expect(Number(data)).toBe((last as number) + 1)
                  last = Number(data)
                }
              }
            }
            expect(last).toBe(published - 1)
          }
        },
      ),
      runs(1_500),
    )
  })
})
