// Reading events in a pipeline of web streams.

import type { EventMap } from './contract.js'
import { Intake } from './intake.js'
import {
  PARSE_OPTIONS,
  type ParseOptions,
  type ReceivedEvent,
  resolveParseOptions,
  type TextEvents,
} from './parse-options.js'

/** How events are read in a pipeline. */
export type ParserStreamOptions<M extends EventMap<M> = TextEvents> = Omit<
  ParseOptions<M>,
  'signal'
> & {
  /** None: `pipeThrough` takes it, and ends both sides. */
  signal?: undefined
}

const STREAM_OPTIONS = PARSE_OPTIONS.filter((name) => name !== 'signal')

/** Where there are no such streams, as in React Native, the rest of the entry is of use all the same. */
const Base: typeof TransformStream = globalThis.TransformStream ?? class {}

/**
 * Bytes, or decoded text, in; events out: for `pipeThrough`.
 *
 * It is what `parseEvents` is to a loop. The readable side fails as that iteration would; `until` ends it and makes the pipe
 * cancel its source.
 */
export class SseParserStream<M extends EventMap<M> = TextEvents> extends Base<
  Uint8Array | string,
  ReceivedEvent<M>
> {
  readonly #intake: Intake

  /**
   * Makes one, for one stream of bytes.
   *
   * @throws {TypeError} when an option has the wrong type.
   * @throws {RangeError} when `maxEventBytes` is out of its range.
   */
  constructor(options: ParserStreamOptions<M> = {}) {
    const intake = new Intake(resolveParseOptions<M>(options, STREAM_OPTIONS))
    super({
      transform: (chunk, controller) => {
        intake.push(chunk)
        return giveAll(intake, controller as Output)
      },
      flush: (controller) => {
        intake.end()
        return giveAll(intake, controller as Output)
      },
    })
    this.#intake = intake
  }

  /** The id of the last event that came out, moved on by the blocks behind it that have an id and no data. */
  get lastEventId(): string {
    return this.#intake.lastEventId
  }

  /** The reconnection time in force, in milliseconds. */
  get retryMs(): number | undefined {
    return this.#intake.retryMs
  }
}

/** The readable side. */
type Output = TransformStreamDefaultController<unknown>

async function giveAll(intake: Intake, output: Output): Promise<void> {
  for (;;) {
    const taken = intake.take()
    const { coming } = intake
    const event = coming ? await coming : taken
    if (event !== undefined) output.enqueue(event)
    else if (!coming) break
  }
  if (intake.isOver) output.terminate()
}
