// What a reader of events can be told, with the defaults, and what it gives.

import {
  type Contract,
  type ContractEntry,
  type EventMap,
  optionalContract,
  type ReceivedMap,
} from './contract.js'
import { integer, known, oneOf, optional, wrongType } from './misuse.js'
import type { SchemaIssue } from './standard-schema.js'

/** The events of a reader without a contract: any name, data as it came. */
export type TextEvents = Record<string, string>

/** An event as it came. */
export interface RawEvent {
  /** The name; `message` where the sender gave none. */
  event: string
  /** The data as it came. */
  data: string
  /** The id: its own, or that of the last event that had one; `''` before any. */
  id: string
}

/**
 * One event that is received, of the map `M` or of a contract (`ReceivedEvent<typeof events>`): a union that `event` tells
 * apart.
 */
export type ReceivedEvent<M extends EventMap<M> = TextEvents> = {
  [Name in keyof ReceivedMap<M> & string]: {
    /** The name; `message` where the sender gave none. */
    event: Name
    /** The data. */
    data: ReceivedMap<M>[Name]
    /** The id, as in a browser: the event's own, or that of the last one that had one; `''` before any. */
    id: string
  }
}[keyof ReceivedMap<M> & string]

/** An event whose data is not what the contract says. */
export interface InvalidEvent extends RawEvent {
  /** What is wrong with the data; one issue where it is no JSON. */
  issues: readonly SchemaIssue[]
}

/** What becomes of an event whose data is not what the contract says. */
export type InvalidPolicy = 'throw' | 'skip' | ((invalid: InvalidEvent) => void)

/** What becomes of an event whose name is not in the contract. */
export type UnknownPolicy = 'yield' | 'skip' | 'throw'

/** How events are read. Every option can be left out. */
export interface ParseOptions<M extends EventMap<M> = TextEvents> {
  /**
   * The names of the events, with what their data is.
   *
   * @defaultValue none: any name, data as it came
   */
  // biome-ignore lint/suspicious/noExplicitAny: whoever receives does not look at what is sent.
  events?: Contract<any, M> | undefined
  /**
   * What becomes of an event whose data is no JSON, or not what its validator takes: the iteration fails with
   * `ERR_SSE_INVALID`; or the event is left out; or it is left out and a function hears of it.
   *
   * @defaultValue `'throw'`
   */
  onInvalid?: InvalidPolicy | undefined
  /**
   * What becomes of an event whose name is not in the contract: it comes with its data as text, which the types do not
   * tell; or it is left out; or the iteration fails with `ERR_SSE_UNKNOWN_EVENT`. The names are those of the wire:
   * `constructor` and `__proto__` are unknown like any other.
   *
   * @defaultValue `'yield'`
   */
  onUnknown?: UnknownPolicy | undefined
  /** Hears of comments, less one leading space, in their place between the events. */
  onComment?: ((comment: string) => void) | undefined
  /** Hears of reconnection times, in milliseconds, in their place between the events. */
  onRetry?: ((retryMs: number) => void) | undefined
  /**
   * Tells the event that ends the stream, such as `[DONE]`: it is not yielded, and the source is cancelled. It sees
   * each event as it came.
   */
  until?: ((event: Readonly<RawEvent>) => boolean) | undefined
  /**
   * What becomes of a last event that the source ends in the middle of: browsers discard it, since it may be cut. There
   * are servers that never send the last blank line.
   *
   * @defaultValue `'discard'`
   */
  unterminated?: 'discard' | 'dispatch' | undefined
  /**
   * The longest event, in UTF-8 bytes: an integer >= 1. Its data, id and name count. A longer one, and a line that
   * could not belong to a shorter one, comments too, fail with `ERR_SSE_TOO_LARGE`, before all of it is held.
   *
   * @defaultValue `1_048_576`
   */
  maxEventBytes?: number | undefined
  /** Cancels the source when it aborts; the iteration rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** What a contract asks of each event. */
export interface Reception {
  readonly entries: ReadonlyMap<string, ContractEntry>
  readonly onInvalid: InvalidPolicy
  readonly onUnknown: UnknownPolicy
}

/** The options, checked and complete. */
export interface ResolvedParseOptions {
  readonly reception: Reception | undefined
  readonly onComment: ((comment: string) => void) | undefined
  readonly onRetry: ((retryMs: number) => void) | undefined
  readonly until: ((event: Readonly<RawEvent>) => boolean) | undefined
  readonly isLastDispatched: boolean
  readonly maxEventBytes: number
  readonly signal: AbortSignal | undefined
}

/** Their names. */
export const PARSE_OPTIONS: readonly (keyof ParseOptions)[] = [
  'events',
  'onInvalid',
  'onUnknown',
  'onComment',
  'onRetry',
  'until',
  'unterminated',
  'maxEventBytes',
  'signal',
]

/**
 * Checks the options and fills in the defaults.
 *
 * @param names - what options there are
 * @throws {TypeError} when one has the wrong type, or another name.
 * @throws {RangeError} when a number is out of its range.
 */
export function resolveParseOptions<M extends EventMap<M>>(
  options: ParseOptions<M>,
  names: readonly string[] = PARSE_OPTIONS,
): ResolvedParseOptions {
  const {
    events,
    maxEventBytes = 1_048_576,
    onInvalid = 'throw',
    onUnknown = 'yield',
    signal,
    unterminated = 'discard',
  } = known(options, names)
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw wrongType('`signal`', 'an AbortSignal', signal)
  }
  if (typeof onInvalid !== 'function') oneOf('`onInvalid`', onInvalid, ['throw', 'skip'])
  oneOf('`onUnknown`', onUnknown, ['yield', 'skip', 'throw'])
  return {
    reception: optionalContract(events) && {
      entries: (events as Contract).entries,
      onInvalid,
      onUnknown,
    },
    onComment: optional('`onComment`', options.onComment, 'function'),
    onRetry: optional('`onRetry`', options.onRetry, 'function'),
    until: optional('`until`', options.until, 'function'),
    isLastDispatched: oneOf('`unterminated`', unterminated, ['discard', 'dispatch']) === 'dispatch',
    maxEventBytes: integer('`maxEventBytes`', maxEventBytes, 1),
    signal,
  }
}
