// Streams for tests: to a client in memory, without a server.

import type { AnyEvents, Contract, EventMap } from './contract.js'
import { Intake } from './intake.js'
import { wrongType } from './misuse.js'
import { type ReceivedEvent, resolveParseOptions, type TextEvents } from './parse-options.js'
import { PromptStream } from './prompt-stream.js'
import { ignore } from './put-away.js'
import type { SseStream } from './stream.js'
import type { SseStreamOptions } from './stream-options.js'
import { TestConnection } from './test-connection.js'

export type { ReceivedEvent, TextEvents }

/** What a stream in a test can be told: all that any stream can. */
export interface TestStreamOptions<
  Sent extends EventMap<Sent> = AnyEvents,
  Received extends EventMap<Received> = TextEvents,
> extends Omit<SseStreamOptions<Sent>, 'events'> {
  /** The contract of the events: `events()` then gives data as it makes it. */
  events?: Contract<Sent, Received> | undefined
}

/** A stream, and the client at its other end. */
export interface TestStream<
  Sent extends EventMap<Sent> = AnyEvents,
  Received extends EventMap<Received> = TextEvents,
> {
  /** The stream: hand it to what is tested. */
  readonly stream: SseStream<Sent>
  /**
   * Gives the events that the client has received so far, as `parseEvents` would: data is text, or with a contract what
   * that makes of it. What was sent just now is among them.
   *
   * @throws {SseError} `ERR_SSE_INVALID` when the data of one is not what the contract says.
   * @throws {TypeError} when the contract has a validator that takes its time.
   */
  events(): ReceivedEvent<Received>[]
  /** Gives all that the client has received so far, as it came over the wire: comments, ids and reconnection times, too. */
  text(): string
  /**
   * Has the client read no more. What it is sent first lies in its socket, and the rest waits in the stream.
   *
   * As with any client, it takes a turn of the event loop until it counts as slow, and `overflow` applies.
   */
  stall(): void
  /** Has the client read on, all that lies and waits for it. Harmless when it does. */
  resume(): void
  /** Has the client leave: the stream closes with the reason 'client'. Harmless when it has closed. */
  disconnect(): void
}

/**
 * Opens a stream to a client that lives in memory, reads at once, and does what the test says.
 *
 * It is a stream like any other, on a connection that keeps what it is given. Its heartbeats, time-outs and lifetime run by the
 * timers that are there: with fake ones they come when the test moves time on.
 *
 * @throws {TypeError} when an option has the wrong type.
 * @throws {RangeError} when an option is out of its range.
 */
export function createTestStream<
  Sent extends EventMap<Sent> = AnyEvents,
  Received extends EventMap<Received> = TextEvents,
>(options: TestStreamOptions<Sent, Received> = {}): TestStream<Sent, Received> {
  const connection = new TestConnection()
  const stream = new PromptStream<Sent>(connection, options as SseStreamOptions<Sent>)
  return {
    stream,
    events() {
      const parseOptions = resolveParseOptions({
        events: options.events,
        maxEventBytes: Number.MAX_SAFE_INTEGER,
      })
      return eventsIn(connection.received, new Intake(parseOptions, stream.lastEventId))
    },
    text: () => connection.received,
    stall: () => connection.stall(),
    resume: () => connection.resume(),
    disconnect: () => connection.disconnect(),
  }
}

function eventsIn<Received extends EventMap<Received>>(
  text: string,
  intake: Intake,
): ReceivedEvent<Received>[] {
  intake.push(text)
  const events: unknown[] = []
  for (let event = intake.take(); event !== undefined; event = intake.take()) events.push(event)
  const { coming } = intake
  if (coming === undefined) return events as ReceivedEvent<Received>[]
  // What it comes to is not looked at.
  coming.catch(ignore)
  throw wrongType('each validator of the contract', 'one that answers at once', coming)
}
