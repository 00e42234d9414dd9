// What is published while a subscriber is still given what came before: in order, and bounded.

import { type Deferred, deferred } from './deferred.js'
import { bytesOf, type LogRecord } from './log.js'

/**
 * How much that is live waits for a client that is still given what came before. Beyond that it is dropped
 * here, and read from the log in its turn: a client that reads slowly costs no more for being new.
 */
const MAX_BYTES = 1_048_576

/** What a record takes besides its texts. */
const RECORD_BYTES = 128

/** The records that one subscriber has yet to be given. */
export class LiveQueue {
  records: LogRecord[] = []
  /** Whether it has not got all that was published: the log has to be asked. It takes nothing until it begins anew. */
  isGivenUp = false
  #bytes = 0
  #added: Deferred<void> | undefined

  add(record: LogRecord): void {
    if (!this.isGivenUp) {
      this.records.push(record)
      this.#bytes += RECORD_BYTES + bytesOf(record)
      if (this.#bytes > MAX_BYTES) this.giveUp()
    }
    this.#added?.resolve()
  }

  /** Settles when something has been added, or it is given up. */
  added(): Promise<void> {
    this.#added = deferred()
    return this.#added.promise
  }

  /** Drops what it holds, and what comes. */
  giveUp(): void {
    this.clear()
    this.isGivenUp = true
    this.#added?.resolve()
  }

  /** Begins anew, with nothing. */
  clear(): void {
    this.records = []
    this.#bytes = 0
    this.isGivenUp = false
  }
}
