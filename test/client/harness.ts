// A client under test: its activity, its clock, and the raw server that it talks to.

import { afterEach, test } from 'vitest'
import {
  type ConnectOptions,
  connect,
  type SseActivity,
  type SseConnection,
} from '../../src/client.js'
import { FakeClock } from './fake-clock.js'
import { RawServer } from './raw-server.js'

type Type = SseActivity['type']
type ActivityOf<T extends Type> = Extract<SseActivity, { type: T }>

const servers: RawServer[] = []
const clients: SseConnection[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

/** Starts a server that stops with the test. */
export async function rawServer(): Promise<RawServer> {
  const server = await RawServer.start()
  servers.push(server)
  return server
}

/** A connection whose waits are over as soon as they begin, unless told otherwise. */
export class TestClient {
  readonly clock = new FakeClock()
  readonly activity: SseActivity[] = []
  readonly connection: SseConnection
  /** Whether it goes on at once instead of waiting for the next attempt. */
  isImpatient = true
  readonly #heard: (() => void)[] = []

  constructor(url: string, options: ConnectOptions = {}) {
    this.connection = connect(url, {
      clock: this.clock,
      random: () => 0,
      ...options,
      events: undefined,
      onActivity: (activity) => {
        this.activity.push(activity)
        for (const hear of this.#heard.splice(0)) hear()
        if (activity.type === 'retry' && this.isImpatient) {
          setImmediate(() => this.clock.advance(activity.delayMs))
        }
        options.onActivity?.(activity)
      },
    })
    clients.push(this.connection)
  }

  next() {
    return this.connection.next()
  }

  /** The data of the next event. */
  async data(): Promise<string | undefined> {
    return (await this.next()).value?.data
  }

  /** Asks for an event that the test does not wait for. */
  ask(): void {
    this.next().catch(() => {})
  }

  all<T extends Type>(type: T): ActivityOf<T>[] {
    return this.activity.filter((activity): activity is ActivityOf<T> => activity.type === type)
  }

  /** Gives the n-th activity of a type, once it has come. */
  async seen<T extends Type>(type: T, n = 1): Promise<ActivityOf<T>> {
    for (;;) {
      const found = this.all(type)[n - 1]
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#heard.push(resolve))
    }
  }
}

/** Tests one of the collected behaviours of clients, by its id in test/vectors/client-behaviours.json. */
export const behaviour = (id: string, sentence: string, run: () => Promise<void>) =>
  test(`${id}: ${sentence}`, run)
