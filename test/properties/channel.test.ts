// However publishes, visits, evictions and restarts follow each other: each visitor sees each event once, in order, or a gap.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLog, SseChannel } from '../../src/index.js'
import { RedisLog } from '../../src/redis/redis-log.js'
import { turn } from '../fake-sink.js'
import { CLIENTS } from '../redis/clients.js'
import { describeWithRedis, type RedisServer } from '../redis/redis-server.js'
import { type Engine, type Visitor, World } from './channel-world.js'
import { patience, runs } from './runs.js'

class MemoryEngine implements Engine {
  readonly #history: { maxEvents: number }
  #log = new MemoryLog()
  channel: SseChannel

  constructor(maxEvents: number) {
    this.#history = { maxEvents }
    this.channel = this.#open()
  }

  #open(maxEvents = this.#history.maxEvents): SseChannel {
    return new SseChannel({ name: 'a', log: this.#log, history: { maxEvents } })
  }

  evict(left: number): Promise<string> {
    return this.#open(left).publish({ data: 'evicts' }, { topic: 'elsewhere' })
  }

  async restart(): Promise<void> {
    await this.channel.close()
    this.channel = this.#open()
  }

  /** As after a restart of the only process. */
  async lose(cut: () => void): Promise<void> {
    cut()
    await this.channel.close()
    this.#log = new MemoryLog()
    this.channel = this.#open()
  }

  close(): Promise<void> {
    return this.channel.close()
  }
}

let prefixes = 0

class RedisEngine implements Engine {
  readonly #server: RedisServer
  readonly #maxEvents: number
  readonly #prefix = `property${prefixes++}:`
  #log: RedisLog
  channel: SseChannel

  constructor(server: RedisServer, maxEvents: number) {
    this.#server = server
    this.#maxEvents = maxEvents
    this.#log = this.#connect()
    this.channel = this.#open()
  }

  #connect(): RedisLog {
    const connect = CLIENTS.ioredis as (typeof CLIENTS)[string]
    return new RedisLog(connect(this.#server.port), { prefix: this.#prefix })
  }

  #open(maxEvents = this.#maxEvents): SseChannel {
    return new SseChannel({ name: 'a', log: this.#log, history: { maxEvents } })
  }

  evict(left: number): Promise<string> {
    return this.#open(left).publish({ data: 'evicts' }, { topic: 'elsewhere' })
  }

  async restart(): Promise<void> {
    await this.close()
    this.#log = this.#connect()
    this.channel = this.#open()
  }

  async lose(): Promise<void> {
    await this.#server.command('FLUSHALL')
  }

  async close(): Promise<void> {
    await this.channel.close()
    await this.#log.close()
  }
}

/** The world is its own model: it writes down what was published, and checks what was seen at the end. */
type Command = fc.AsyncCommand<object, World>

const named = (name: string, run: (world: World) => unknown): Command => ({
  check: () => true,
  run: async (_model, world) => {
    await run(world)
  },
  toString: () => name,
})

const who = fc.nat({ max: 2 })
const visit = (name: string, act: (visitor: Visitor, world: World) => void) =>
  who.map((index) =>
    named(`${index} ${name}`, (world) => act(world.visitors[index] as Visitor, world)),
  )

const publish = fc
  .record({
    topic: fc.constantFrom('mine' as const, 'elsewhere' as const, undefined),
    times: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ topic, times }) =>
    named(`publish ${times} ${topic}`, (world) => {
      for (let i = 0; i < times; i++) void world.publish(topic)
    }),
  )
const connect = visit('connects', (visitor, { engine }) => visitor.connect(engine.channel))
const wait = fc.constantFrom(
  named('tick', () => Promise.resolve()),
  named('turn', turn),
)
const misfortune = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .nat({ max: 2 })
      .map((left) => named(`evict to ${left}`, (world) => void world.evict(left))),
  },
  { weight: 2, arbitrary: fc.constant(named('restart', (world) => world.restart())) },
  { weight: 1, arbitrary: fc.constant(named('lose', (world) => world.lose())) },
)

const programs = fc.commands(
  [
    publish,
    publish,
    connect,
    connect,
    who.chain((index) =>
      fc
        .constantFrom(0, 0.3, 0.6, 0.9, 1)
        .map((part) =>
          named(`${index} leaves after ${part}`, ({ visitors }) => visitors[index]?.leave(part)),
        ),
    ),
    visit('stalls', (visitor) => visitor.stall()),
    visit('takes', (visitor) => visitor.take()),
    wait,
    wait,
    misfortune,
  ],
  { maxCommands: 60, size: 'max' },
)

const maxEvents = fc.constantFrom(0, 3, 1_000)

/** Runs a program to its end; gives how many gaps there were. */
async function run(engine: Engine, program: Iterable<Command>): Promise<number> {
  const world = new World(engine)
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), program)
    await world.conclude()
  } finally {
    for (const visitor of world.visitors) visitor.leave(1)
    await engine.close()
  }
  return world.gaps
}

describe('any program on a channel', () => {
  test('gives each visitor each event once, in order, or a gap', patience, async () => {
    let gaps = 0
    await fc.assert(
      fc.asyncProperty(maxEvents, programs, async (most, program) => {
        gaps += await run(new MemoryEngine(most), program)
      }),
      runs(1_500),
    )
    expect(gaps).toBeGreaterThan(100)
  })
})

describeWithRedis('any program on a channel in Redis', (server) => {
  test('gives each visitor each event once, in order, or a gap', patience, async () => {
    let gaps = 0
    await fc.assert(
      fc.asyncProperty(maxEvents, programs, async (most, program) => {
        gaps += await run(new RedisEngine(server(), most), program)
      }),
      runs(40),
    )
    expect(gaps).toBeGreaterThan(0)
  })
})
