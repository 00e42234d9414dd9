// The front door of `eventwire/parser`.

export type { Chunks, WireChunk } from './chunk-source.js'
export type {
  AnyEvents,
  Contract,
  ContractEntry,
  EventMap,
  ReceivedBy,
  SentBy,
  TextCodec,
} from './contract.js'
export { SseError, type SseErrorCode, type SseErrorDetails } from './errors.js'
export { defineEvents, text } from './event-definitions.js'
export type { ResponseLike } from './event-response.js'
export type {
  InvalidEvent,
  InvalidPolicy,
  ParseOptions,
  RawEvent,
  ReceivedEvent,
  TextEvents,
  UnknownPolicy,
} from './parse-options.js'
export { type ParserStreamOptions, SseParserStream } from './parser-stream.js'
export type { ReadableStreamLike, ReaderLike, ReadResult } from './readable.js'
export { type EventsSource, parseEvents, type SseReader } from './reader.js'
export type {
  PathSegment,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './standard-schema.js'
