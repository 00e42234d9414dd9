// What a channel can be told, when it is made and at its calls, with the defaults.

import {
  type Contract,
  checkable,
  type EventMap,
  type EventOf,
  optionalContract,
} from './contract.js'
import type { SseError } from './errors.js'
import type { Serialize } from './event.js'
import type { EventLog, HistoryLimits } from './log.js'
import { integer, known, optional, wrongType } from './misuse.js'
import type { Source } from './source.js'

/** Who is to get a snapshot. */
export interface SnapshotRequest {
  /** The topics that the subscriber named. */
  readonly topics: readonly string[] | undefined
  /** Aborts when the stream takes no more. */
  readonly signal: AbortSignal
}

/** What a snapshot may be made of. */
export type SnapshotSource<M extends EventMap<M>> = Source<EventOf<M>> | Promise<Source<EventOf<M>>>

/** Where a failure that nobody waits for happened. */
export interface ErrorInfo {
  /**
   * - `'publish'`: the log did not take an event, or the channel is closed; `publish` has rejected with the same error.
   * - `'log'`: the log did not tell what it was asked for; it is asked again.
   * - `'snapshot'`: `snapshot` failed; the stream was closed with the reason 'error'.
   * - `'filter'`: a subscriber's `filter` failed; it did not get that event.
   */
  readonly stage: 'publish' | 'log' | 'snapshot' | 'filter'
}

/** How much of a channel's past is kept for clients that come back. */
export interface HistoryOptions {
  /**
   * How many events: an integer >= 0.
   *
   * @defaultValue `1_000`
   */
  maxEvents?: number | undefined
  /**
   * How many UTF-8 bytes: an integer >= 1.
   *
   * @defaultValue `1_048_576`
   */
  maxBytes?: number | undefined
  /**
   * For how long, in milliseconds: an integer >= 1. Looked at whenever an event is added or asked for.
   *
   * @defaultValue no limit
   */
  maxAgeMs?: number | undefined
}

/** How a channel behaves. Every option can be left out. */
export interface SseChannelOptions<M extends EventMap<M>> {
  /** The channel's name in the log. Required with a log that is given: channels share it by their names. */
  name?: string | undefined
  /**
   * The names of the events, with what their data is, from `defineEvents`: data that has a validator is sent as JSON,
   * strings too. The type of the channel follows from it.
   *
   * @defaultValue none
   */
  events?: Contract<M> | undefined
  /**
   * Whether data is checked by the contract's validators before it is published, as a client will read it; so are the
   * events of a snapshot. Validators that take their time cannot be used for that. Needs `events`.
   *
   * @defaultValue `false`
   */
  validate?: boolean | undefined
  /**
   * Where events get their ids, order and history.
   *
   * @defaultValue a `MemoryLog` of its own
   */
  log?: EventLog | undefined
  /**
   * How much is kept for clients that come back; what exceeds any limit goes, the oldest first. Make it more than the
   * `maxBufferedBytes` of the streams: a client that is cut for them has missed so much at least. `false` keeps
   * nothing: a client that has the newest id resumes, any other has missed something.
   *
   * @defaultValue `{ maxEvents: 1_000, maxBytes: 1_048_576 }`
   */
  history?: HistoryOptions | false | undefined
  /**
   * Gives the state that the events so far have led to, as events. It is sent to those that start fresh or have
   * missed something, before what is new; a subscriber's `filter` applies.
   *
   * Called when nothing published before is still to come: an array, or an iterable that does not wait, that is made
   * at once stands for exactly that moment; it is read to its end at once, for each such client. What a promise or an
   * async iterable reads later may hold the effect of events that are sent after it, too.
   *
   * @defaultValue none: those that start fresh get what is new, and no more
   */
  snapshot?: ((request: SnapshotRequest) => SnapshotSource<M>) | undefined
  /**
   * The name of the event that tells a returning client that it missed something; its data is `{ lastEventId }`.
   * With `false` there is none.
   *
   * @defaultValue `'gap'`
   */
  gapEvent?: string | false | undefined
  /**
   * Turns data that is no string into text, once for all subscribers.
   *
   * @defaultValue `JSON.stringify`
   */
  serialize?: Serialize | undefined
  /**
   * Reads for filters what `serialize` has written.
   *
   * @defaultValue `JSON.parse`
   */
  deserialize?: ((text: string) => unknown) | undefined
  /**
   * Hears of failures in the background, and of events that were not published since the log did not take them or the channel
   * is closed. With it, such a `publish` need not be looked at; without it, its rejection is unhandled if it is not, and the other
   * failures are silent: give one in production.
   */
  onError?: ((error: SseError, info: ErrorInfo) => void) | undefined
}

/** How one event is published. */
export interface PublishOptions {
  /** Only subscribers that named this topic see the event; without one, all do. */
  topic?: string | undefined
  /** A key: for a client that is slow, the event replaces the waiting one of the same key. */
  conflate?: string | undefined
}

/** What a stream is to see of a channel. */
export interface SubscribeOptions<M extends EventMap<M>> {
  /**
   * The topics whose events it sees, besides those without one.
   *
   * @defaultValue none
   */
  topics?: readonly string[] | undefined
  /**
   * Tells which of these events it sees, live and replayed, those of the snapshot included. An event comes as the client
   * gets it, with its id and with the data read back from its text; it is shared, so do not change it. A filter that
   * throws is reported and counts as `false`.
   *
   * @defaultValue none: it sees them all
   */
  filter?: ((event: EventOf<M>) => boolean) | undefined
  /**
   * The id of the last event that the client has; `''` to start fresh.
   *
   * @defaultValue the stream's, or where it stopped if it was subscribed before; `''` for a subscription that is not resumable
   */
  lastEventId?: string | undefined
  /**
   * Whether the events are sent with their ids. A client has one last event id, so a stream takes one such subscription;
   * with `false` it takes others besides.
   *
   * @defaultValue `true`
   */
  resumable?: boolean | undefined
}

const CHANNEL_OPTIONS: readonly (keyof SseChannelOptions<EventMap>)[] = [
  'name',
  'events',
  'validate',
  'log',
  'history',
  'snapshot',
  'gapEvent',
  'serialize',
  'deserialize',
  'onError',
]

const HISTORY_OPTIONS: readonly (keyof HistoryOptions)[] = ['maxEvents', 'maxBytes', 'maxAgeMs']

/** Their names. */
export const PUBLISH_OPTIONS: readonly (keyof PublishOptions)[] = ['topic', 'conflate']

/** Their names. */
export const SUBSCRIBE_OPTIONS: readonly (keyof SubscribeOptions<EventMap>)[] = [
  'topics',
  'filter',
  'lastEventId',
  'resumable',
]

/** The options of a channel, checked and complete. */
export function resolveChannelOptions<M extends EventMap<M>>(options: SseChannelOptions<M>) {
  const { name, log, history = {}, gapEvent = 'gap' } = known(options, CHANNEL_OPTIONS)
  optional('`name`', name, 'string')
  if (log !== undefined) {
    for (const method of ['append', 'follow', 'since', 'compare', 'close'] as const) {
      if (typeof log?.[method] !== 'function') throw wrongType('`log`', 'an EventLog', log)
    }
    if (name === undefined) throw wrongType('`name`', 'a string, with a log that is given', name)
  }
  if (gapEvent !== false && !(typeof gapEvent === 'string' && /^[^\r\n]+$/.test(gapEvent))) {
    throw wrongType('`gapEvent`', 'one line of text or false', gapEvent)
  }
  return checkable({
    name: name ?? '',
    log,
    limits: limitsOf(history),
    gapEvent,
    snapshot: optional('`snapshot`', options.snapshot, 'function'),
    events: optionalContract(options.events),
    validate: optional('`validate`', options.validate, 'boolean'),
    serialize: optional('`serialize`', options.serialize, 'function'),
    deserialize: optional('`deserialize`', options.deserialize, 'function') ?? JSON.parse,
    onError: optional('`onError`', options.onError, 'function'),
  })
}

function limitsOf(history: HistoryOptions | false): HistoryLimits {
  const {
    maxEvents = 1_000,
    maxBytes = 1_048_576,
    maxAgeMs,
  } = history === false ? { maxEvents: 0 } : known(history, HISTORY_OPTIONS, '`history`')
  return {
    maxEvents: integer('`maxEvents`', maxEvents, 0),
    maxBytes: integer('`maxBytes`', maxBytes, 1),
    maxAgeMs:
      maxAgeMs === undefined ? Number.POSITIVE_INFINITY : integer('`maxAgeMs`', maxAgeMs, 1),
  }
}
