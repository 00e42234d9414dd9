// A stream on a fake sink.

import { SseStream, type SseStreamOptions } from '../src/index.js'
import { FakeSink } from './fake-sink.js'

/** Opens one; `sink` is what the client does, and sees. */
export function open(options?: SseStreamOptions) {
  const sink = new FakeSink()
  return { sink, stream: new SseStream(sink, options) }
}
