// What a stream can be told when it opens, with the defaults.

import type { OverflowPolicy } from './backlog.js'
import {
  type Contract,
  checkable,
  type EventMap,
  optionalContract,
  type SendingOptions,
} from './contract.js'
import type { Serialize } from './event.js'
import { harmlessLastEventId } from './last-event-id.js'
import { delay, integer, known, MAX_DELAY_MS, oneOf, optional, wrongType } from './misuse.js'

/** How one stream behaves. Every option can be left out. */
// biome-ignore lint/suspicious/noExplicitAny: without a contract they do for streams of any events.
export interface SseStreamOptions<M extends EventMap<M> = any> {
  /**
   * The names of the events, with what their data is, from `defineEvents`: data that has a validator is sent as JSON,
   * strings too. The type of the stream follows from it.
   *
   * @defaultValue none
   */
  events?: Contract<M> | undefined
  /**
   * Whether data is checked by the contract's validators before it is sent, as the client will read it. Validators that
   * take their time cannot be used for that. Needs `events`.
   *
   * @defaultValue `false`
   */
  validate?: boolean | undefined
  /**
   * How long the connection may be silent before a comment keeps it open, in milliseconds: 1 to
   * 2147483647, or `false` for never. Proxies close what is silent for too long, commonly for 30 to 60
   * seconds; a client that vanished without a word is found out by the write too.
   *
   * @defaultValue `15_000`; `8_000` on Bun, whose server closes what is silent for 10 seconds.
   */
  heartbeatMs?: number | false | undefined
  /**
   * The reconnection time sent first, in milliseconds: an integer >= 0. Without one, clients use
   * their own: browsers wait a few seconds.
   *
   * @defaultValue none
   * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#concept-event-stream-reconnection-time}
   */
  retryMs?: number | undefined
  /**
   * The id of the last event that the client has received. One with control characters or of more than
   * 1,024 bytes is replaced by a placeholder that no log knows.
   *
   * @defaultValue what the client sent, where an adapter opens the stream; else `''`
   */
  lastEventId?: string | undefined
  /**
   * How much may wait for a client that does not take it, in UTF-8 bytes: an integer >= 1. What is sent
   * in one turn of the event loop to a client that keeps up is never cut for its size.
   *
   * @defaultValue `1_048_576`
   */
  maxBufferedBytes?: number | undefined
  /**
   * What happens when more waits than `maxBufferedBytes`.
   *
   * @defaultValue `'close'`
   */
  overflow?: OverflowPolicy | undefined
  /**
   * How long a client may take no byte at all while some wait for it, in milliseconds, before its
   * connection is cut: 1 to 2147483647, or `false` for no limit.
   *
   * @defaultValue `60_000`
   */
  stallTimeoutMs?: number | false | undefined
  /**
   * The longest life of the stream, in milliseconds: 1 to 2147483647. It ends at random between 80 and
   * 100 % of it, so that clients do not come back all at once. Use it to spread clients over servers
   * that were added, or to check permissions anew.
   *
   * @defaultValue none
   */
  maxLifetimeMs?: number | undefined
  /** Closes the stream when it aborts. One signal may serve any number of streams. */
  signal?: AbortSignal | undefined
  /**
   * Turns data that is no string into text.
   *
   * @defaultValue `JSON.stringify`
   */
  serialize?: Serialize | undefined
}

/** What a stream looks at for as long as it lives. */
export interface KeptOptions extends SendingOptions {
  readonly heartbeatMs: number | false
  readonly maxBufferedBytes: number
  readonly overflow: OverflowPolicy
  readonly stallTimeoutMs: number | false
}

/** Their names. */
export const STREAM_OPTIONS: readonly (keyof SseStreamOptions)[] = [
  'events',
  'validate',
  'heartbeatMs',
  'retryMs',
  'lastEventId',
  'maxBufferedBytes',
  'overflow',
  'stallTimeoutMs',
  'maxLifetimeMs',
  'signal',
  'serialize',
]

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} when one has the wrong type, or is none of a stream's.
 * @throws {RangeError} when a number is out of its range.
 */
export function resolveStreamOptions<M extends EventMap<M>>(options: SseStreamOptions<M>) {
  const {
    events,
    heartbeatMs = DEFAULT_HEARTBEAT_MS,
    lastEventId = '',
    maxBufferedBytes = 1_048_576,
    maxLifetimeMs,
    overflow = 'close',
    retryMs,
    serialize,
    signal,
    stallTimeoutMs = 60_000,
    validate,
  } = known(options, STREAM_OPTIONS)
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw wrongType('`signal`', 'an AbortSignal', signal)
  }
  return {
    signal,
    retryMs: retryMs === undefined ? undefined : integer('`retryMs`', retryMs, 0),
    lastEventId: harmlessLastEventId(optional('`lastEventId`', lastEventId, 'string')),
    maxLifetimeMs:
      maxLifetimeMs === undefined
        ? undefined
        : integer('`maxLifetimeMs`', maxLifetimeMs, 1, MAX_DELAY_MS),
    kept: shared(
      checkable({
        heartbeatMs: delay('`heartbeatMs`', heartbeatMs),
        maxBufferedBytes: integer('`maxBufferedBytes`', maxBufferedBytes, 1),
        overflow: oneOf('`overflow`', overflow, POLICIES),
        stallTimeoutMs: delay('`stallTimeoutMs`', stallTimeoutMs),
        serialize: optional('`serialize`', serialize, 'function'),
        events: optionalContract(events),
        validate: optional('`validate`', validate, 'boolean'),
      }),
    ),
  }
}

let recent: KeptOptions | undefined

/** Most streams of a process have the same: they hold one object together. */
function shared(options: KeptOptions): KeptOptions {
  for (const name of Object.keys(options) as (keyof KeptOptions)[]) {
    if (recent?.[name] !== options[name]) recent = options
  }
  return recent as KeptOptions
}

const POLICIES: readonly OverflowPolicy[] = ['close', 'drop-oldest', 'drop-newest']

const DEFAULT_HEARTBEAT_MS = 'Bun' in globalThis ? 8_000 : 15_000
