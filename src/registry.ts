// The streams that are open in this process, and what has been counted.

/** Why a stream closed. */
export type CloseReason =
  /** `end()`, `destroy()` without an error, or the application ended the response itself. */
  | 'ended'
  /** The other side went. */
  | 'client'
  /** More waited for the client than `maxBufferedBytes`, under the policy 'close'. */
  | 'overflow'
  /** The client took no byte for `stallTimeoutMs` while some waited. */
  | 'stalled'
  /** `maxLifetimeMs` was over. */
  | 'lifetime'
  /** `closeAllStreams`. */
  | 'shutdown'
  /** `options.signal`. */
  | 'aborted'
  /** `destroy(error)`, or the sink failed. */
  | 'error'
  /** The client does not accept an event stream. */
  | 'refused'

/** Names the method by which a shutdown ends a stream: not for applications. */
export const shutDown: unique symbol = Symbol.for('eventwire.shutDown') as never

/** What the registry knows of a stream. */
export interface RegisteredStream {
  readonly bufferedBytes: number
  readonly closed: Promise<unknown>
  /** Ends the stream with this wire text and its connection with it, or cuts it now. */
  [shutDown](farewell: string | undefined): void
}

/** Counters of this process, since it started. */
interface Counters {
  opened: number
  /** Without the reasons that have not occurred. */
  closed: Partial<Record<CloseReason, number>>
  eventsSent: number
  bytesSent: number
  dropped: number
  replayed: number
  gaps: number
}

interface Registry {
  readonly streams: Set<RegisteredStream>
  readonly counters: Counters
  /** Hears of each stream that opens: a shutdown under way, if there is one. */
  onOpen?: ((stream: RegisteredStream) => void) | undefined
}

// An application may load the package twice, as an ES module and through require. Both must find the
// same streams, or `closeAllStreams` would leave some open for good.
const KEY = Symbol.for('eventwire.registry')
const shared = globalThis as { [KEY]?: Registry }

shared[KEY] ??= {
  streams: new Set(),
  counters: {
    opened: 0,
    closed: {},
    eventsSent: 0,
    bytesSent: 0,
    dropped: 0,
    replayed: 0,
    gaps: 0,
  },
}

export const registry: Registry = shared[KEY]

/** What {@link streamStats} tells. */
export interface StreamStats extends Counters {
  /** Streams that are open now. */
  open: number
  /** Streams opened so far. */
  opened: number
  /** Streams closed so far, by reason. */
  closed: Record<CloseReason, number>
  /** Events taken for sending so far, once for each stream; those dropped later count here too. */
  eventsSent: number
  /** UTF-8 bytes handed to the connections so far, heartbeats included. */
  bytesSent: number
  /** Bytes held now for clients that read too slowly. */
  bufferedBytes: number
  /** Events, and comments, dropped so far under 'drop-oldest' and 'drop-newest'. */
  dropped: number
  /** Events sent so far to returning clients from a channel's history. */
  replayed: number
  /** Returning clients told so far that events are missing. */
  gaps: number
}

const NONE_CLOSED: Readonly<Record<CloseReason, number>> = {
  ended: 0,
  client: 0,
  overflow: 0,
  stalled: 0,
  lifetime: 0,
  shutdown: 0,
  aborted: 0,
  error: 0,
  refused: 0,
}

/** Gives the counters of all streams in this process: a copy, made when it is called. */
export function streamStats(): StreamStats {
  let bufferedBytes = 0
  const { streams, counters } = registry
  for (const stream of streams) bufferedBytes += stream.bufferedBytes
  return {
    ...counters,
    closed: { ...NONE_CLOSED, ...counters.closed },
    open: streams.size,
    bufferedBytes,
  }
}
