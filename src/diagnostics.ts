// What goes on in this process, for those who watch it through `node:diagnostics_channel`: docs/diagnostics.md.

import { builtIn } from './built-in.js'
import type { SseError } from './errors.js'
import type { LogRecord } from './log.js'
import type { CloseInfo, SseStream } from './stream.js'

/** The diagnostics channels that the package publishes to, each with its message. */
export interface DiagnosticsMessages {
  /** A stream has opened; nothing has been written to it yet. One that has closed at once is told of, too. */
  'eventwire:stream:open': {
    /** The stream. */
    stream: SseStream
  }
  /** A stream has closed: the last message about it. */
  'eventwire:stream:close': {
    /** The stream. */
    stream: SseStream
  } & CloseInfo
  /** More waits for a client than `maxBufferedBytes`. */
  'eventwire:stream:overflow': {
    /** The stream. */
    stream: SseStream
    /** How many events, and comments, have been dropped for it now; 0 under the policy 'close', which closes the stream next. */
    dropped: number
  }
  /** A log has taken an event that was published in this process. */
  'eventwire:channel:publish': {
    /** The channel's name; `''` without one. */
    channel: string
    /** The event, as it is in the log. */
    record: LogRecord
  }
  /** A client on the channel is told that events are missing. */
  'eventwire:channel:gap': {
    /** The channel's name; `''` without one. */
    channel: string
    /** The client's stream. */
    stream: SseStream
    /** The id of the last event that the client has got. */
    lastEventId: string
  }
  /** Something has failed of which the channel's `onError` hears, too. */
  'eventwire:channel:error': {
    /** The channel's name; `''` without one. */
    channel: string
    /** What has failed. */
    error: SseError
    /** Where. */
    stage: 'publish' | 'log' | 'filter' | 'snapshot'
  }
}

/** The part of `node:diagnostics_channel` that is needed. */
interface Diagnostics {
  hasSubscribers(name: string): boolean
  channel(name: string): { publish(message: object): void }
}

const diagnostics = builtIn<Diagnostics>('node:diagnostics_channel')

/** A message as the rooms below a stream can make it: they know a part of it each. */
type Made<Message> = {
  [Key in keyof Message]: Key extends 'stream' ? object : Message[Key]
}

/** Gives what publishes to those who watch; nothing where nobody does, so that no message is made. */
export function watchers<Name extends keyof DiagnosticsMessages>(
  name: Name,
): { publish(message: Made<DiagnosticsMessages[Name]>): void } | undefined {
  return diagnostics?.hasSubscribers(name) ? diagnostics.channel(name) : undefined
}
