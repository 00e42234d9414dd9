// The front door of the package.

export type { OverflowPolicy } from './backlog.js'
export { SseChannel } from './channel.js'
export type {
  ErrorInfo,
  HistoryOptions,
  PublishOptions,
  SnapshotRequest,
  SnapshotSource,
  SseChannelOptions,
  SubscribeOptions,
} from './channel-options.js'
export type { SharedChunk } from './chunk.js'
export type {
  AnyEvents,
  ChannelEvent,
  Contract,
  ContractEntry,
  EventMap,
  EventOf,
  NamedEvent,
  ReceivedBy,
  SentBy,
  TextCodec,
} from './contract.js'
export type { DiagnosticsMessages } from './diagnostics.js'
export { SseError, type SseErrorCode, type SseErrorDetails } from './errors.js'
export { encodeEvent, type Serialize, type SseEvent } from './event.js'
export { defineEvents, text } from './event-definitions.js'
export type { Resume } from './hand-over.js'
export type {
  EventLog,
  HistoryLimits,
  LogFollower,
  LogPage,
  LogRecord,
  NewRecord,
  SinceOptions,
  Unfollow,
} from './log.js'
export { MemoryLog } from './memory-log.js'
export type { ReadableStreamLike, ReaderLike, ReadResult } from './readable.js'
export { type CloseReason, type StreamStats, streamStats } from './registry.js'
export { type CloseAllOptions, closeAllStreams } from './shutdown.js'
export type { Sink, SinkEnd, SinkListener } from './sink.js'
export type {
  OverloadedSubscribable,
  Source,
  SourceObserver,
  Subscribable,
} from './source.js'
export type {
  PathSegment,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './standard-schema.js'
export { type CloseInfo, type SendOptions, SseStream, type StreamState } from './stream.js'
export type { SseStreamOptions } from './stream-options.js'
export type { Subscription } from './subscription.js'
export type { WritableLike } from './writable-sink.js'
