// A client of a channel that keeps what it got, leaves at any byte and comes back with its last event id.

import { SseStream, type SseStreamOptions } from '../src/index.js'
import { FakeSink, turn } from './fake-sink.js'
import { readWire, type WireEvent } from './wire.js'

export class FakeClient {
  readonly sink = new FakeSink()
  readonly stream: SseStream

  constructor(lastEventId = '', options: SseStreamOptions = {}) {
    this.stream = new SseStream(this.sink, { heartbeatMs: false, ...options, lastEventId })
  }

  /** The events that it saw. */
  get events(): WireEvent[] {
    return readWire(this.sink.text)
  }

  get data(): string[] {
    return this.events.map(({ data }) => data)
  }

  /** What it comes back with: the id of the last complete block that had one, whether it was an event or not. */
  get lastEventId(): string {
    return lastIdOf(this.sink.text) ?? this.stream.lastEventId
  }

  /** What it comes back with if the connection breaks after so many characters. */
  lastEventIdAfter(characters: number): string {
    return lastIdOf(this.sink.text.slice(0, characters)) ?? this.stream.lastEventId
  }
}

function lastIdOf(text: string): string | undefined {
  const complete = text.slice(0, text.lastIndexOf('\n\n') + 2)
  return complete
    .match(/^id: (.*)$/gm)
    ?.at(-1)
    ?.slice('id: '.length)
}

/** Lets whatever is under way without waiting for anything outside come to its end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn()
}
