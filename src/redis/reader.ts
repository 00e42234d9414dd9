// Questions to the log in Redis: asked until they are answered.

import { Alarm, ring } from '../clock.js'
import { type Deferred, deferred } from '../deferred.js'
import type { LogRecord, SinceOptions } from '../log.js'
import type { Connection } from './connection.js'
import { positionOf } from './redis-id.js'
import { recordOf } from './redis-record.js'
import { isPassing, isUnknownScript } from './replies.js'
import { read } from './scripts.js'

/** What Redis has answered. */
export interface RedisPage {
  readonly complete: boolean
  /** The position that the records follow on. */
  readonly from: string
  /** The newest position. */
  readonly last: string
  readonly records: readonly LogRecord[]
}

/** How long to let a server that is not itself have, before it is asked again. */
const PAUSE_MS = 100

/** Reads for all channels of a log. */
export class Reader {
  readonly #connection: Connection
  /** Settles when the connection stands, or the log is closed. */
  #back: Deferred<void> = deferred()
  readonly #pause = new Alarm({ [ring]: () => this.onReady() })
  #isClosed = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Whoever waits asks again. */
  onReady(): void {
    this.#back.resolve()
    this.#back = deferred()
  }

  close(): void {
    this.#isClosed = true
    this.#pause.stop()
    this.onReady()
  }

  /**
   * Asks, and waits while Redis is away.
   *
   * @param shared - the arguments that all scripts begin with
   * @param after - an id, whoever claims it; `''` for none
   * @returns `undefined` once this is closed.
   */
  async read(
    keys: string[],
    shared: string[],
    after: string,
    { maxRecords, maxBytes }: SinceOptions,
  ): Promise<RedisPage | undefined> {
    const number = positionOf(after)?.number ?? ''
    const args = [...shared, after, `${number}`, `${maxRecords}`, `${maxBytes}`]
    let isKnown = true
    while (!this.#isClosed) {
      if (this.#connection.isReady) {
        try {
          return pageOf(await this.#connection.run(read, keys, args, isKnown))
        } catch (error) {
          if (!isPassing(error)) throw error
          isKnown = !isUnknownScript(error)
          if (!isKnown) continue
          this.#pause.start(PAUSE_MS)
        }
      } else this.#connection.wake()
      await this.#back.promise
    }
    return undefined
  }
}

function pageOf(reply: unknown): RedisPage {
  // A client may be set to give buffers.
  const [complete, from = '', last = '', ...texts] = (reply as unknown[]).map(String)
  const records: LogRecord[] = []
  for (let i = 0; i < texts.length; i += 2) {
    records.push(recordOf(texts[i] as string, texts[i + 1] as string))
  }
  return { complete: complete === '1', from, last, records }
}
